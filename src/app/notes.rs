//! Notes that wait to be read, one after the other. Shows none.

use std::collections::VecDeque;

/// The most that wait. Past it the oldest is forgotten: whoever reads none of so many misses nothing by it.
const MOST_NOTES: usize = 32;

/// The notes that wait, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(VecDeque<String>);

impl Notes {
    pub fn put(&mut self, text: String) {
        self.0.push_back(text);
        if self.0.len() > MOST_NOTES {
            self.0.pop_front();
        }
    }

    pub fn next(&mut self) -> Option<String> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_notes_the_newest_wait() {
        let mut notes = Notes::default();
        (0..1000).for_each(|number| notes.put(number.to_string()));
        let waiting: Vec<String> = std::iter::from_fn(|| notes.next()).collect();
        assert_eq!(waiting, (1000 - MOST_NOTES..1000).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}
