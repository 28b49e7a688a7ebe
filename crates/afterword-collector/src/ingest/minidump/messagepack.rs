//! MessagePack as JSON: what sentry-native leaves beside a dump.

use std::io::Read;

use rmpv::Value as Packed;
use rmpv::decode::read_value_with_max_depth;
use serde_json::{Map, Number, Value};

/// Twice the number of lists and maps inside each other, since its reader counts the list and what is in it. JSON is read
/// down to 128 of them.
const MAX_DEPTH: usize = 240;

/// One value. `None` if it is none, or is followed by others.
pub(super) fn one(mut bytes: &[u8]) -> Option<Value> {
    let value = read(&mut bytes)?;
    bytes.is_empty().then_some(value)
}

/// Values one after the other, up to the first that is none: the process died while it wrote.
pub(super) fn several(mut bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        match read(&mut bytes) {
            Some(value) => values.push(value),
            None => break,
        }
    }
    values
}

fn read(bytes: &mut impl Read) -> Option<Value> {
    Some(as_json(read_value_with_max_depth(bytes, MAX_DEPTH).ok()?))
}

/// Bytes that are no text become what can be read of them; numbers that JSON has not become null.
fn as_json(value: Packed) -> Value {
    match value {
        Packed::Nil | Packed::Ext(..) => Value::Null,
        Packed::Boolean(is) => Value::Bool(is),
        Packed::Integer(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => Value::Null,
        },
        Packed::F32(number) => Number::from_f64(number.into()).map_or(Value::Null, Value::Number),
        Packed::F64(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Packed::String(text) => Value::String(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        Packed::Binary(bytes) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
        Packed::Array(values) => values.into_iter().map(as_json).collect(),
        Packed::Map(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| (as_key(key), as_json(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

fn as_key(key: Packed) -> String {
    match as_json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_json() {
        // {"a": [1, -1, 1.5, true, nil, "text", bytes], 5: u64::MAX}
        let mut bytes = vec![0x82, 0xa1, b'a', 0x97, 0x01, 0xff, 0xcb];
        bytes.extend_from_slice(&1.5_f64.to_be_bytes());
        bytes.extend_from_slice(b"\xc3\xc0\xa4text\xc4\x02\xff!\x05\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
        let expected = json!({"a": [1, -1, 1.5, true, null, "text", "\u{fffd}!"], "5": u64::MAX});
        assert_eq!(one(&bytes), Some(expected.clone()));
        assert_eq!(
            several(&[&bytes[..], &bytes[..], &bytes[..9]].concat()),
            [expected.clone(), expected]
        );
        assert_eq!(one(&[&bytes[..], b"\xc0"].concat()), None);
    }

    #[test]
    fn what_claims_too_much_is_none() {
        assert_eq!(one(b""), None);
        assert_eq!(one(b"\xdd\xff\xff\xff\xff"), None);
        assert_eq!(one(b"\xdb\xff\xff\xff\xffabc"), None);
        assert_eq!(one(&[0x91; 100_000]), None);
        let deep = |depth: usize| [&vec![0x91; depth][..], &[0xc0]].concat();
        assert!(one(&deep(100)).is_some());
        assert!(one(&deep(200)).is_none());
    }
}
