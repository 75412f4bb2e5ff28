//! The Mersenne Twister MT19937 with numpy's legacy seeding and shuffle (`numpy.random.RandomState`), so that a
//! split made by pandas can be made again. For nothing else: new code orders by SHA-256.

const WORDS: usize = 624;
const MIDDLE: usize = 397;

/// `numpy.random.RandomState(seed)` for an integer seed.
pub(super) struct MersenneTwister {
    state: [u32; WORDS],
    position: usize,
}

impl MersenneTwister {
    /// Knuth's initialisation, as `init_genrand` of the 2002 reference code.
    pub(super) fn seeded(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for n in 1..WORDS {
            let previous = state[n - 1];
            let mixed = 1_812_433_253_u32.wrapping_mul(previous ^ (previous >> 30));
            state[n] = mixed.wrapping_add(u32::try_from(n).unwrap_or_default());
        }
        Self { state, position: WORDS }
    }

    /// `RandomState.permutation(count)`: Fisher-Yates from the end.
    pub(super) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.at_most(last));
        }
        order
    }

    /// A uniform number from 0 to `max`: masked draws, those above `max` thrown away. `max` fits 32 bits because
    /// data sets are bounded far below.
    fn at_most(&mut self, max: usize) -> usize {
        let mask = usize::MAX >> max.leading_zeros();
        loop {
            let draw = self.next() as usize & mask;
            if draw <= max {
                return draw;
            }
        }
    }

    fn next(&mut self) -> u32 {
        if self.position == WORDS {
            self.refill();
        }
        let mut word = self.state[self.position];
        self.position += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for n in 0..WORDS {
            let joined =
                (self.state[n] & 0x8000_0000) | (self.state[(n + 1) % WORDS] & 0x7fff_ffff);
            let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[n] = self.state[(n + MIDDLE) % WORDS] ^ (joined >> 1) ^ twist;
        }
        self.position = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::MersenneTwister;

    #[test]
    fn draws_what_the_reference_code_draws() {
        // first outputs of mt19937ar.c after init_genrand(5489), the generator's published default seed
        let mut twister = MersenneTwister::seeded(5489);
        assert_eq!(
            [twister.next(), twister.next(), twister.next()],
            [3_499_211_612, 581_869_302, 3_890_346_734]
        );
        let ten_thousandth = (3..10_000).map(|_| twister.next()).last();
        assert_eq!(ten_thousandth, Some(4_123_659_995));
    }

    #[test]
    fn shuffles_as_numpy_does() {
        // numpy.random.RandomState(200).permutation(961)[:10]
        let order = MersenneTwister::seeded(200).permutation(961);
        assert_eq!(order[..10], [584, 532, 23, 41, 108, 346, 815, 295, 450, 860]);
    }
}
