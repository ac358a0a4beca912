//! The keys as they are bound: those of the key table, with what their user has changed. They feed the dispatch, the
//! help screen and the footer.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    Action, Overlay,
    chord::{Chord, control, key},
    keys::{Binding, Group, TABLE, WAYS_TO_LEAVE},
    screen::Screen,
};

/// A row of the help: a key, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The keys, in the table's order; at least one.
    chords: Vec<(Chord, Action)>,
    /// The keys, as the help names them.
    pub keys: Cow<'static, str>,
    /// What they do, in words for the help.
    pub words: &'static str,
    /// The same for the footer, where it is important enough to stand there.
    pub brief: Option<Hint>,
}

/// What the footer says of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key, or both keys of a pair.
    pub keys: Cow<'static, str>,
    /// What they do, in a word or two.
    pub words: &'static str,
    /// Where there is no room for all, those of less importance leave first: 0 to 6.
    pub importance: u8,
}

impl Row {
    /// What the first of the keys does.
    #[must_use]
    pub fn action(&self) -> Action {
        self.chords[0].1
    }
}

/// A heading of the help with its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The heading.
    pub title: &'static str,
    /// Its rows, in the help's order.
    pub rows: Vec<Row>,
}

/// Other keys for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The action's name.
    pub action: String,
    /// The names of its keys, in the order of the help.
    pub keys: Vec<String>,
}

/// What is wrong with one of some changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongChange {
    /// Which, from 0.
    pub index: usize,
    /// What is wrong, and what was expected.
    pub words: String,
}

/// An action with its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The action's name.
    pub action: Cow<'static, str>,
    /// The names of its keys.
    pub keys: Vec<String>,
    /// What they are unless their user has them otherwise.
    pub usual: Vec<String>,
}

/// Every key of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    groups: Vec<Rows>,
}

impl Default for Keys {
    /// The keys of the table.
    fn default() -> Self {
        let rows = |group: &Group| group.bindings.iter().map(as_it_is).collect();
        Self { groups: TABLE.iter().map(|group| Rows { title: group.title, rows: rows(group) }).collect() }
    }
}

/// Whether a key stays with what it does: prompts, lists and sentences count on these.
fn is_fixed(chord: Chord) -> bool {
    const CODES: [KeyCode; 6] =
        [KeyCode::Enter, KeyCode::Esc, KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down];
    let is_screens = chord.character().is_some_and(|digit| ('1'..='9').contains(&digit));
    is_screens || chord == control('c') || CODES.iter().any(|code| chord == key(*code))
}

/// The actions of the table, each with its keys.
fn usual() -> Vec<(Action, Vec<Chord>)> {
    let mut usual: Vec<(Action, Vec<Chord>)> = Vec::new();
    for (chord, action) in TABLE.iter().flat_map(|group| group.bindings).flat_map(|binding| binding.chords) {
        match usual.iter_mut().find(|(of, _)| of == action) {
            Some((_, chords)) => chords.push(*chord),
            None => usual.push((*action, vec![*chord])),
        }
    }
    usual
}

fn name(action: Action) -> Cow<'static, str> {
    action.name().unwrap_or_default()
}

impl Keys {
    /// The keys of the table with these changes.
    ///
    /// # Errors
    /// When a change names no action or no key, takes a key that another action has, or would leave no way out.
    pub fn changed(changes: &[Change]) -> Result<Self, WrongChange> {
        let mut bound = usual();
        let mut touched: Vec<(Action, usize, Vec<Chord>)> = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let wrong = |words: String| WrongChange { index, words };
            let place = bound.iter().position(|(action, _)| name(*action) == change.action);
            let place = place.ok_or_else(|| wrong("is no action of a key".to_owned()))?;
            let (action, chords) = &mut bound[place];
            let stay: Vec<Chord> = chords.iter().copied().filter(|chord| is_fixed(*chord)).collect();
            chords.clear();
            for key in &change.keys {
                let chord = Chord::parse(key).map_err(|words| wrong(format!("{key:?} {words}")))?;
                if chords.contains(&chord) {
                    return Err(wrong(format!("names {} twice", chord.name())));
                }
                if is_fixed(chord) && !stay.contains(&chord) {
                    return Err(wrong(format!("{} cannot be bound anew: expected another key", chord.name())));
                }
                chords.push(chord);
            }
            chords.extend(stay.into_iter().filter(|chord| !chords.contains(chord)).collect::<Vec<_>>());
            touched.push((*action, index, chords.clone()));
        }
        for (action, index, chords) in &touched {
            for chord in chords {
                if let Some((other, _)) = bound.iter().find(|(of, chords)| of != action && chords.contains(chord)) {
                    let (key, other) = (chord.name(), name(*other));
                    let words = format!(
                        "{key} is the key of {other} already: expected another key, or others for {other}, or none \
                         ({other} = [])"
                    );
                    return Err(WrongChange { index: *index, words });
                }
            }
        }
        let is_touched = |binding: &Binding| {
            binding.chords.iter().any(|(_, action)| touched.iter().any(|(touched, ..)| touched == action))
        };
        let row = |binding| if is_touched(binding) { anew(binding, &bound) } else { Some(as_it_is(binding)) };
        let rows = |group: &Group| group.bindings.iter().filter_map(row).collect();
        Ok(Self { groups: TABLE.iter().map(|group| Rows { title: group.title, rows: rows(group) }).collect() })
    }

    /// The names of all actions that keys can be bound to, in the help's order.
    pub fn actions() -> impl Iterator<Item = Cow<'static, str>> {
        usual().into_iter().map(|(action, _)| name(action))
    }

    /// The headings with their rows, in the help's order.
    #[must_use]
    pub fn groups(&self) -> &[Rows] {
        &self.groups
    }

    /// Every row, in the help's order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|group| &group.rows)
    }

    /// The actions whose keys are not those of the table.
    #[must_use]
    pub fn differing(&self) -> Vec<Keyed> {
        let names = |chords: &[Chord]| chords.iter().map(|chord| chord.name()).collect::<Vec<_>>();
        let all = usual().into_iter().map(|(action, usual)| {
            let mine = self.chords(action);
            Keyed { action: name(action), keys: names(&mine), usual: names(&usual) }
        });
        all.filter(|keyed| keyed.keys != keyed.usual).collect()
    }

    fn chords(&self, action: Action) -> Vec<Chord> {
        let all = self.rows().flat_map(|row| &row.chords);
        all.filter(|(_, of)| *of == action).map(|(chord, _)| *chord).collect()
    }

    /// What the first key of an action is called; `None`: it has none.
    #[must_use]
    pub fn name_of(&self, action: Action) -> Option<String> {
        self.chords(action).first().map(|chord| chord.name())
    }

    /// A sentence in which each action's name in braces stands for its key.
    #[must_use]
    pub fn spelled(&self, sentence: &str) -> String {
        let mut spelled = sentence.to_owned();
        for (action, _) in usual().into_iter().filter(|_| sentence.contains('{')) {
            let place = format!("{{{}}}", name(action));
            if spelled.contains(&place) {
                // Whoever has no key for it still sees what is meant.
                let key = self.name_of(action).unwrap_or_else(|| name(action).into_owned());
                spelled = spelled.replace(&place, &key);
            }
        }
        spelled
    }

    /// What a key does while this lies over the panes.
    #[must_use]
    pub fn action(&self, overlay: &Overlay, event: KeyEvent) -> Option<Action> {
        match overlay {
            Overlay::Prompt(_) => self.prompt_action(event),
            Overlay::Leave => self.leaving_action(event),
            Overlay::None | Overlay::Help { .. } | Overlay::Runs(_) => self.table_action(event),
        }
    }

    /// What a key of the table does.
    fn table_action(&self, event: KeyEvent) -> Option<Action> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return None;
        }
        let chord = Chord::from(event);
        let mut chords = self.rows().flat_map(|row| &row.chords);
        chords.find(|(bound, _)| *bound == chord).map(|(_, action)| *action)
    }

    /// What a key does while an index is typed. Keys with Control keep their meaning, so that the program can be left.
    fn prompt_action(&self, event: KeyEvent) -> Option<Action> {
        let chord = Chord::from(event);
        match event.code {
            _ if chord.has_control() => self.table_action(event),
            KeyCode::Char(letter) => Some(Action::Type(letter)),
            KeyCode::Backspace => Some(Action::Erase),
            KeyCode::Enter => Some(Action::Enter),
            KeyCode::Esc => Some(Action::Back),
            _ => None,
        }
    }

    /// What a key does while it is asked how to leave.
    fn leaving_action(&self, event: KeyEvent) -> Option<Action> {
        let chord = Chord::from(event);
        let way = WAYS_TO_LEAVE.iter().find(|way| way.chord == chord);
        let others = || {
            let action = self.table_action(event);
            action.filter(|action| matches!(action, Action::Quit | Action::Redraw | Action::Suspend))
        };
        way.map(|way| way.action).or_else(others)
    }
}

/// The row as the table has it.
fn as_it_is(binding: &Binding) -> Row {
    let hint =
        |brief: super::keys::Brief| Hint { keys: brief.keys.into(), words: brief.words, importance: brief.importance };
    Row {
        chords: binding.chords.to_vec(),
        keys: binding.keys.into(),
        words: binding.words,
        brief: binding.brief.map(hint),
    }
}

/// The row with other keys; `None`: it has none.
fn anew(binding: &Binding, bound: &[(Action, Vec<Chord>)]) -> Option<Row> {
    let mut actions: Vec<Action> = Vec::new();
    for (_, action) in binding.chords {
        if !actions.contains(action) {
            actions.push(*action);
        }
    }
    let chords_of = |action: &Action| bound.iter().find(|(of, _)| of == action).map_or(&[][..], |(_, chords)| chords);
    let chords: Vec<(Chord, Action)> =
        actions.iter().flat_map(|action| chords_of(action).iter().map(|chord| (*chord, *action))).collect();
    if chords.is_empty() {
        return None;
    }
    let all = names(chords.iter().map(|(chord, _)| chord.name()));
    let brief = binding.brief.map(|brief| {
        // The first key of as many actions as the footer names.
        let firsts = actions.iter().filter_map(|action| chords_of(action).first()).map(|chord| chord.name());
        let count = brief.keys.split_whitespace().count();
        let keys = names(firsts).into_iter().take(count).collect::<Vec<_>>().join(" ").into();
        Hint { keys, words: brief.words, importance: brief.importance }
    });
    Some(Row { chords, keys: all.join(" ").into(), words: binding.words, brief })
}

/// These names, with the digits of all screens taken together.
fn names(all: impl Iterator<Item = String>) -> Vec<String> {
    let all: Vec<String> = all.collect();
    let digits: Vec<String> = (1..=Screen::ALL.len()).map(|digit| digit.to_string()).collect();
    match all.strip_prefix(&*digits) {
        Some(rest) => [format!("1-{}", digits.len())].into_iter().chain(rest.iter().cloned()).collect(),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ways::Direction::{Back, Forward};

    fn changed(changes: &[(&str, &[&str])]) -> Result<Keys, WrongChange> {
        let change = |(action, keys): &(&str, &[&str])| Change {
            action: (*action).to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        Keys::changed(&changes.iter().map(change).collect::<Vec<_>>())
    }

    fn press(keys: &Keys, name: char, modifiers: KeyModifiers) -> Option<Action> {
        keys.action(&Overlay::None, KeyEvent::new(KeyCode::Char(name), modifiers))
    }

    fn row(keys: &Keys, words: &str) -> Option<(String, Option<String>)> {
        let row = keys.rows().find(|row| row.words == words)?;
        Some((row.keys.to_string(), row.brief.as_ref().map(|hint| hint.keys.to_string())))
    }

    #[test]
    fn without_changes_the_keys_are_those_of_the_table() {
        let keys = Keys::default();
        assert_eq!(changed(&[]), Ok(keys.clone()));
        assert_eq!(keys.differing(), []);
        for (action, chords) in usual() {
            assert_eq!(keys.chords(action), chords, "{action:?}");
        }
    }

    #[test]
    fn every_action_of_the_table_has_a_name_of_its_own() {
        let mut names: Vec<_> = Keys::actions().collect();
        assert!(!names.contains(&"".into()), "{names:?}");
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_documentation_names_each_action_with_its_usual_keys() {
        let page = include_str!("../../docs/config.md");
        let (_, table) = page.split_once("| action |").expect("it has a table");
        let (table, _) = table.split_once("\n\n").expect("it ends");
        let named: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
        assert_eq!(named, Keys::actions().collect::<Vec<_>>());
    }

    #[test]
    fn a_capital_is_found_with_and_without_the_shift_that_some_terminals_report() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            assert_eq!(press(&Keys::default(), 'N', modifiers), Some(Action::Wrong(Back)));
        }
    }

    #[test]
    fn control_c_quits_also_while_an_index_is_typed() {
        let keys = changed(&[("quit", &["Ctrl-X"])]).expect("it is free");
        let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for overlay in [Overlay::None, Overlay::Prompt(String::new()), Overlay::Leave] {
            assert_eq!(keys.action(&overlay, event), Some(Action::Quit));
        }
        let letter = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(keys.action(&Overlay::Prompt(String::new()), letter), Some(Action::Type('q')));
    }

    #[test]
    fn a_key_that_is_bound_anew_is_the_only_one_of_its_action() {
        let keys = changed(&[("pause", &["p", "F5"])]).expect("both are free");
        assert_eq!(press(&keys, 'p', KeyModifiers::NONE), Some(Action::TogglePause));
        assert_eq!(press(&keys, ' ', KeyModifiers::NONE), None);
        assert_eq!(row(&keys, "pause, resume"), Some(("p F5".to_owned(), Some("p".to_owned()))));
        assert_eq!(keys.name_of(Action::TogglePause).as_deref(), Some("p"));
        let differing = keys.differing();
        assert_eq!(differing.len(), 1);
        assert_eq!((&*differing[0].action, &differing[0].usual[..]), ("pause", &["Space".to_owned()][..]));
    }

    #[test]
    fn two_actions_can_change_their_keys() {
        let keys = changed(&[("next-mistake", &["N"]), ("previous-mistake", &["n"])]).expect("they change places");
        assert_eq!(press(&keys, 'N', KeyModifiers::SHIFT), Some(Action::Wrong(Forward)));
        assert_eq!(row(&keys, "next, previous mistake"), Some(("N n".to_owned(), Some("N".to_owned()))));
    }

    #[test]
    fn what_has_no_key_is_neither_in_the_help_nor_in_the_footer() {
        let keys = changed(&[("why", &[]), ("zoom-in", &[])]).expect("keys may be none");
        assert_eq!(press(&keys, 'w', KeyModifiers::NONE), None);
        assert_eq!(row(&keys, "what the pixels say"), None);
        assert_eq!(row(&keys, "zoom in, out"), Some(("-".to_owned(), Some("-".to_owned()))));
        assert_eq!(keys.name_of(Action::ToggleExplain), None);
    }

    #[test]
    fn keys_that_prompts_and_lists_count_on_stay() {
        let keys = changed(&[("quit", &[]), ("open", &["Ctrl-O"]), ("next-screen", &["Ctrl-N"]), ("previous", &["b"])]);
        let keys = keys.expect("the keys are free");
        assert_eq!(row(&keys, "leave"), Some(("Ctrl-C".to_owned(), Some("Ctrl-C".to_owned()))));
        assert_eq!(row(&keys, "open what is selected"), Some(("Ctrl-O Enter".to_owned(), Some("Ctrl-O".to_owned()))));
        assert_eq!(row(&keys, "screens"), Some(("1-6 Ctrl-N Shift-Tab".to_owned(), Some("1-6".to_owned()))));
        assert_eq!(row(&keys, "previous, next"), Some(("b ← → l".to_owned(), Some("b →".to_owned()))));
        for (changes, words) in [
            (&[("why", &["Enter"][..])][..], "Enter cannot be bound anew"),
            (&[("why", &["3"])], "3 cannot be bound anew"),
            (&[("gallery", &["Ctrl-C"])], "Ctrl-C cannot be bound anew"),
        ] {
            assert!(changed(changes).is_err_and(|wrong| wrong.words.starts_with(words)), "{words}");
        }
    }

    #[test]
    fn a_change_that_cannot_be_made_is_told() {
        for (changes, index, words) in [
            (&[("why", &["v"][..]), ("wy", &["x"])][..], 1, "is no action of a key"),
            (&[("why", &["vv"])], 0, "\"vv\" is no key: expected a character"),
            (&[("why", &["v", "v"])], 0, "names v twice"),
            (&[("why", &["s"])], 0, "s is the key of save already: expected another key, or others for save, or none"),
            (&[("why", &["v"]), ("order", &["v"])], 0, "v is the key of order already"),
        ] {
            let wrong = changed(changes).expect_err(words);
            assert_eq!(wrong.index, index, "{wrong:?}");
            assert!(wrong.words.starts_with(words), "{wrong:?}");
        }
    }
}
