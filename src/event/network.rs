//! Ranges of IP addresses, written as `10.0.0.0/24` or `2001:db8::/32`.

use core::net::IpAddr;

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    /// How many leading bits count.
    bits: u32,
}

impl Network {
    /// Reads an address and the number of its bits that count: fewer than 32 (version 4) or 128 (version 6), as
    /// EventBridge wants it; a single address is written without `cidr`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("'{text}' is no range of addresses, such as 10.0.0.0/24");
        let (address, bits) = text.split_once('/').ok_or_else(malformed)?;
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let bits: u32 = bits.parse().map_err(|_| malformed())?;
        let width = width(&address);
        if bits >= width {
            return Err(format!("the mask of '{text}' must be less than {width}"));
        }
        Ok(Self { address, bits })
    }

    /// Is `text` an address of this range? Addresses of the other version are not.
    pub(super) fn holds(&self, text: &str) -> bool {
        text.parse::<IpAddr>().is_ok_and(|address| {
            width(&address) == width(&self.address)
                && self.prefix(&address) == self.prefix(&self.address)
        })
    }

    fn prefix(&self, address: &IpAddr) -> Option<u128> {
        let number = match address {
            IpAddr::V4(address) => u128::from(u32::from(*address)),
            IpAddr::V6(address) => u128::from(*address),
        };
        // all bits are free: every address has the same, empty prefix
        number.checked_shr(width(address).saturating_sub(self.bits))
    }
}

/// Bits of an address.
fn width(address: &IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => u32::BITS,
        IpAddr::V6(_) => u128::BITS,
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_range_holds_its_first_and_last_address_and_no_neighbour() {
        for (range, inside, outside) in [
            (
                "10.0.0.0/24",
                vec!["10.0.0.0", "10.0.0.255"],
                vec!["10.0.1.0", "9.255.255.255", "::"],
            ),
            ("10.0.0.77/31", vec!["10.0.0.76", "10.0.0.77"], vec!["10.0.0.78"]),
            ("0.0.0.0/0", vec!["255.255.255.255"], vec!["::1", "no address"]),
            (
                "2001:db8::/32",
                vec!["2001:db8::", "2001:db8:ffff::1"],
                vec!["2001:db9::", "32.1.13.184"],
            ),
            ("::/0", vec!["::", "ffff::"], vec!["1.2.3.4"]),
        ] {
            let range = Network::parse(range).unwrap();
            for address in inside {
                assert!(range.holds(address), "{range:?} {address}");
            }
            for address in outside {
                assert!(!range.holds(address), "{range:?} {address}");
            }
        }
    }

    #[test]
    fn malformed_ranges_are_refused() {
        for bad in
            ["10.0.0.0", "10.0.0/24", "10.0.0.0/32", "10.0.0.0/-1", "::/128", "x/8", "10.0.0.0/8/8"]
        {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
    }
}
