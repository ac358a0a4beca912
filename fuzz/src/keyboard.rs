//! What a terminal sends, in reads of any length: the first byte of each is its length, and 0 is a pause.

use crossterm::event::Event;
use fitroom::{
    app::{Overlay, bound::Keys},
    tui::keyboard::Decoder,
};

use super::within;

/// Bytes for each of the input: an event for each key.
const FOR_A_BYTE: usize = 128;
const BASE: usize = 4 * 1024;

/// Reads it.
pub fn take(input: &[u8]) {
    let events = within(FOR_A_BYTE * input.len() + BASE, || {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        let mut rest = input;
        while let Some((length, after)) = rest.split_first() {
            if *length == 0 {
                decoder.pause(&mut events);
                assert!(!decoder.is_amid());
                rest = after;
            } else {
                let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
                decoder.feed(bytes, &mut events);
                rest = after;
            }
        }
        decoder.pause(&mut events);
        events
    });
    let keys = Keys::default();
    for event in events {
        if let Event::Key(key) = event {
            let _ = keys.action(&Overlay::None, key);
        }
    }
}
