//! The wire format of protocol buffers, as far as TensorBoard's events need it. Knows no event.
//! <https://protobuf.dev/programming-guides/encoding/>

/// A message being written, field by field. As in proto3, a number that is 0 is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<u8>);

/// How a field's value is laid out.
#[derive(Clone, Copy, PartialEq)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}

impl Message {
    /// An `int64`, an `int32` or an enum that is not negative.
    pub fn integer(mut self, field: u64, value: u64) -> Self {
        if value != 0 {
            self.key(field, Wire::Varint);
            self.varint(value);
        }
        self
    }

    /// A `double`.
    pub fn double(mut self, field: u64, value: f64) -> Self {
        if value.to_bits() != 0 {
            self.key(field, Wire::Fixed64);
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    /// A `float` in a `oneof`, whose presence says which it is: written also when it is 0.
    pub fn chosen_float(mut self, field: u64, value: f32) -> Self {
        self.key(field, Wire::Fixed32);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A `string` or `bytes`, or one more element of a repeated one.
    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.key(field, Wire::Length);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A message, or one more element of a repeated one.
    pub fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// A packed repeated `double`.
    pub fn doubles(self, field: u64, values: &[f64]) -> Self {
        if values.is_empty() {
            return self;
        }
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed)
    }

    /// The message's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u64, wire: Wire) {
        self.varint(field << 3 | wire as u64);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

/// A field of a message that is read: its number, and its value where that is an integer or has a length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// The field's number.
    pub number: u64,
    /// Its value, if it is an integer.
    pub integer: Option<u64>,
    /// Its value, if it is a string, bytes or a message; else empty.
    pub bytes: &'a [u8],
}

/// Takes the first field off a message. `None` at its end, and where it is no message.
pub fn take_field<'a>(message: &mut &'a [u8]) -> Option<Field<'a>> {
    let key = take_varint(message)?;
    let number = key >> 3;
    let wire =
        [Wire::Varint, Wire::Fixed64, Wire::Length, Wire::Fixed32].into_iter().find(|&wire| wire as u64 == key & 7)?;
    let skipped = match wire {
        Wire::Varint => return Some(Field { number, integer: Some(take_varint(message)?), bytes: &[] }),
        Wire::Fixed64 => 8,
        Wire::Fixed32 => 4,
        Wire::Length => usize::try_from(take_varint(message)?).ok()?,
    };
    let (value, rest) = message.split_at_checked(skipped)?;
    *message = rest;
    Some(Field { number, integer: None, bytes: if wire == Wire::Length { value } else { &[] } })
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encoding guide has: field 1 as 150, field 2 as "testing", field 3 as a message with field 1 as 150.
    #[test]
    fn the_guide_s_examples_are_written_as_it_has_them() {
        let inner = Message::default().integer(1, 150);
        assert_eq!(inner.clone().into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().bytes(2, b"testing").into_bytes(), *b"\x12\x07testing");
        assert_eq!(Message::default().message(3, &inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn zeros_are_left_out_but_for_a_chosen_float() {
        assert_eq!(Message::default().integer(1, 0).double(2, 0.0).doubles(3, &[]), Message::default());
        assert_eq!(Message::default().chosen_float(2, 0.0).into_bytes(), [0x15, 0, 0, 0, 0]);
    }

    #[test]
    fn fields_are_found_past_values_of_every_kind() {
        let bytes = Message::default()
            .double(1, 1.5)
            .chosen_float(2, 0.5)
            .bytes(3, b"text")
            .doubles(4, &[1.0, 2.0])
            .integer(5, u64::MAX)
            .into_bytes();
        let mut rest = &bytes[..];
        let fields: Vec<Field> = std::iter::from_fn(|| take_field(&mut rest)).collect();
        assert!(rest.is_empty());
        assert_eq!(fields.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(fields[4].integer, Some(u64::MAX));
        assert_eq!((fields[0].integer, fields[0].bytes), (None, &b""[..]));
        assert_eq!(fields[2].bytes, b"text");
    }

    #[test]
    fn bytes_that_are_no_message_end_the_reading() {
        for bytes in [&b"\x0b"[..], b"\x12\x07test", b"\x09\x00", b"\x80", &[0xff; 11]] {
            assert_eq!(take_field(&mut &bytes[..]), None, "{bytes:?}");
        }
    }
}
