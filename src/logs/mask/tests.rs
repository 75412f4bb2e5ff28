use super::*;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD, Engine as _,
};
use proptest::prelude::*;

const SECRET: &str = "pa\"ss/w0rd +1€";

/// What is written in base64 of `secret` behind other bytes, in each of four alphabets.
fn encoded(secret: &str, offset: usize) -> [String; 4] {
    let bytes = [&b"??"[..offset], secret.as_bytes()].concat();
    [
        BASE64_STANDARD.encode(&bytes),
        BASE64_STANDARD_NO_PAD.encode(&bytes),
        BASE64_URL_SAFE.encode(&bytes),
        BASE64_URL_SAFE_NO_PAD.encode(&bytes),
    ]
}

#[test]
fn a_secret_is_masked_in_every_form_it_is_printed_in() {
    let masker = Masker::of([SECRET]);
    let json = serde_json::json!({ "token": SECRET }).to_string();
    for (text, fragments) in [
        (SECRET.to_owned(), ["w0rd", "pa\""]),
        (json.clone(), ["w0rd", "pa\\"]),
        (serde_json::json!(json).to_string(), ["w0rd", "pa\\"]),
        ("pa\\\"ss\\/w0rd +1\\u20ac".to_owned(), ["w0rd", "pa\\"]),
        ("https://u:pa%22ss%2Fw0rd%20%2B1%E2%82%AC@host/".to_owned(), ["w0rd", "pa%22"]),
        ("https://u:pa%22ss%2fw0rd%20%2b1%e2%82%ac@host/".to_owned(), ["w0rd", "pa%22"]),
        ("password=pa%22ss%2Fw0rd+%2B1%E2%82%AC&x=1".to_owned(), ["w0rd", "pa%22"]),
        (hex::encode(SECRET), ["7730", "7061"]),
        (hex::encode_upper(SECRET), ["7730", "7061"]),
        (BASE64_STANDARD.encode(format!("user:{SECRET}")), ["L3cwcmQ", "GEic3Mvd"]),
    ] {
        let masked = masker.mask(&text);
        assert!(masked.contains(MASK), "{masked}");
        assert!(!fragments.iter().any(|fragment| masked.contains(fragment)), "{masked}");
    }
}

#[test]
fn lines_of_a_secret_are_masked_one_by_one_but_short_ones_are_not() {
    let masker = Masker::of(["-----BEGIN-----\nMIIEowIBAAK\nabc\n", "dev", "€€€", "secre"]);
    assert_eq!(masker.mask("MIIEowIBAAK dev abc €€€ secre"), "*** dev abc €€€ secre");
}

#[test]
fn secrets_that_overlap_leave_nothing_of_either() {
    let masker = Masker::of(["abcdefgh", "efghijkl"]);
    assert_eq!(masker.mask("<abcdefghijkl>"), "<***>");
    assert_eq!(masker.mask("<abcdefghefghijkl>"), "<******>", "they only touch");
}

#[test]
fn what_is_learned_twice_or_late_is_masked() {
    let masker = Masker::default();
    assert_eq!(masker.mask("first-secret"), "first-secret");
    let same = masker.clone();
    same.learn("first-secret");
    masker.learn("second-secret");
    same.learn("first-secret");
    assert_eq!(masker.mask("first-secret second-secret"), "*** ***");
}

#[test]
fn aws_keys_are_masked_without_being_known() {
    let masker = Masker::default();
    for (text, expected) in [
        ("id AKIAIOSFODNN7EXAMPLE.", "id ***."),
        ("ASIAIOSFODNN7EXAMPLE", "***"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", "AWS_SECRET_ACCESS_KEY=***"),
        ("\"SessionToken\": \"IQoJb3JpZ2luX2VjEJr//x==\",", "\"SessionToken\": \"***\","),
        ("AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***,***"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY for AKIAIOSFODNN7EXAMPLE", "*** for ***"),
        ("commit 0123456789012345678901234567890123456789", ""),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
        ("the AKIA prefix, XAKIAIOSFODNN7EXAMPLE, akiaiosfodnn7example", ""),
        ("sessiontoken: none", ""),
        ("secretaccesskeywJalrXUtnFEMI/K7MDENG", ""),
    ] {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(masker.mask(text), expected);
    }
    let beside_a_commit = "AKIAIOSFODNN7EXAMPLE 0123456789abcdef0123456789abcdef01234567";
    assert_eq!(masker.mask(beside_a_commit), "*** 0123456789abcdef0123456789abcdef01234567");
}

#[test]
fn a_token_longer_than_a_piece_is_masked_to_its_end() {
    let masker = Masker::default();
    let text = format!("aws_session_token={} end", "x".repeat(3000));
    assert_eq!(in_pieces(&masker, &text, &[7, 30, 900, 2000, 3010]), "aws_session_token=*** end");
}

/// Every occurrence of every form, by comparing everywhere.
fn naive(text: &str, secrets: &[String]) -> String {
    let known = secrets.iter().filter(|secret| secret.trim().chars().count() >= SHORTEST_SECRET);
    let forms: Vec<String> = known.flat_map(|secret| forms::forms(secret.trim())).collect();
    let mut is_hidden = vec![false; text.len()];
    let mut begins = vec![false; text.len() + 1];
    let mut ends = vec![0; text.len()];
    for (at, end) in ends.iter_mut().enumerate() {
        let here = forms.iter().filter(|form| text.as_bytes()[at..].starts_with(form.as_bytes()));
        *end = here.map(|form| at + form.len()).max().unwrap_or(at);
    }
    let mut reach = 0;
    for at in 0..text.len() {
        if ends[at] > at {
            begins[at] = at >= reach;
            reach = reach.max(ends[at]);
        }
        is_hidden[at] = at < reach;
    }
    text.char_indices().fold(String::new(), |mut masked, (at, c)| {
        if begins[at] {
            masked.push_str(MASK);
        }
        if !is_hidden[at] {
            masked.push(c);
        }
        masked
    })
}

fn in_pieces(masker: &Masker, text: &str, cuts: &[usize]) -> String {
    let mut cuts: Vec<usize> =
        cuts.iter().map(|cut| text.floor_char_boundary(cut % (text.len() + 1))).collect();
    cuts.sort_unstable();
    let (mut stream, mut masked, mut done) = (MaskStream::default(), String::new(), 0);
    for cut in cuts {
        masked.push_str(&stream.push(masker, &text[done..cut]));
        done = cut;
    }
    masked + &stream.finish(masker, &text[done..])
}

/// Secrets of few letters, so that they overlap themselves and each other.
fn secrets() -> impl Strategy<Value = Vec<String>> {
    let secret = prop_oneof!["[ab]{1,9}", "[ab/\" €]{4,12}", "[a-zA-Z0-9+/=]{6,50}"];
    proptest::collection::vec(secret, 1..4)
}

/// Text in which secrets stand in all forms, beside what looks like them.
fn text_with(secrets: &[String]) -> impl Strategy<Value = String> + use<> {
    let mut parts: Vec<String> = secrets.to_vec();
    for secret in secrets {
        parts.extend(forms::forms(secret));
        parts.extend((0..3).flat_map(|offset| encoded(secret, offset)));
    }
    let part = prop_oneof![
        2 => proptest::sample::select(parts),
        1 => "[ab€ \"/]{0,8}",
        1 => "[ab]{250,400}",
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn masking_is_what_comparing_everywhere_gives(
        (secrets, text) in secrets().prop_flat_map(|secrets| {
            let text = text_with(&secrets);
            (Just(secrets), text)
        }),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let masker = Masker::of(&secrets);
        let expected = naive(&text, &secrets);
        prop_assert_eq!(masker.mask(&text), expected.as_str());
        prop_assert_eq!(in_pieces(&masker, &text, &cuts), expected);
    }

    #[test]
    fn base64_of_more_than_the_secret_leaves_nothing_but_its_edges(
        secret in "[a-zA-Z0-9 €/?]{6,40}", before in "[a-z€]{0,5}", after in "[a-z€]{0,5}",
    ) {
        let masker = Masker::of([&secret]);
        let whole = format!("{before}{}{after}", secret.trim());
        prop_assume!(secret.trim().chars().count() >= SHORTEST_SECRET);
        for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
            let text = engine.encode(&whole);
            let masked = masker.mask(&text);
            // A character at either edge holds bits of both neighbours.
            let rest = masked.replace(MASK, "").len();
            prop_assert!(rest <= (before.len() + after.len()) * 8 / 6 + 6, "{} of {}", masked, text);
        }
    }

    #[test]
    fn aws_keys_are_masked_wherever_they_are_cut(
        parts in proptest::collection::vec(prop_oneof![
            Just("AKIAIOSFODNN7EXAMPLE".to_owned()), Just("ASIA0123456789ABCDEF".to_owned()),
            Just("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            Just("aws_secret_access_key = ".to_owned()), Just("SessionToken\": \"".to_owned()),
            "[A-Za-z0-9/+]{1,60}", "[ ,:=\"]{1,20}", "[A-Z0-9]{300,600}", "[a-z ]{5000,6000}",
        ], 0..10),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let masker = Masker::default();
        let text = parts.concat();
        prop_assert_eq!(in_pieces(&masker, &text, &cuts), masker.mask(&text));
    }

    #[test]
    fn words_that_are_no_secrets_stay(text in "[a-z .,:€]{0,200}", short in "[a-z€]{1,5}") {
        prop_assert_eq!(Masker::of([short]).mask(&text), text.as_str());
    }
}
