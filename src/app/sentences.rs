//! What is said to the person where a key does nothing, or something that is not seen. Those sentences that hold a
//! number or a name are where these are known. An action's name in braces stands for its key.

/// There are no predictions yet.
pub const NO_PREDICTIONS: &str = "no predictions yet: they come with the first evaluation";
/// There are no images yet.
pub const LOADING: &str = "the images are still being read";
/// Something takes predictions, which training images do not have.
pub const NOT_PREDICTED: &str = "training images are not predicted";
/// The filter leaves nothing.
pub const NOTHING_LEFT: &str = "no image matches the filter: {all-images} clears it";
/// What pixels say is seen only on a large picture.
pub const NOT_LARGE: &str = "open an image first (Enter): its pixels are coloured there";
/// What pixels said in the past is not known.
pub const NEWEST_ONLY: &str = "{why} explains only the newest predictions: {epoch-forward} leads to them";

/// What pixels said while a run was trained that is played again is not known.
pub const NOT_REPLAYED: &str = "the weights of then are not kept: {why} explains at the run's end (Esc)";

/// Nothing can be shown larger or smaller.
pub const NO_ZOOM: &str = "there is nothing to zoom here";
/// The largest picture is shown.
pub const NO_LARGER: &str = "no larger picture fits this terminal";
/// The smallest picture is shown.
pub const NO_SMALLER: &str = "the pictures cannot be smaller";

/// There is no training yet.
pub const NOT_STARTED: &str = "training has not started yet";
/// There is no training any longer.
pub const ENDED: &str = "training has ended";
/// A single batch is trained only while paused.
pub const NOT_PAUSED: &str = "pause first ({pause}), then train batch by batch";
/// There is nothing to save yet.
pub const NOTHING_TO_SAVE: &str = "nothing to save yet";
/// A checkpoint was asked for.
pub const SAVING: &str = "saving";
/// The training keeps to no pace.
pub const FULL_SPEED: &str = "full speed";
/// The program that trains is stopped, or its machine is busy.
pub const HEARD_LATER: &str = "the program that trains does not answer: it gets to this when it goes on";

/// A run is played only once it has ended.
pub const NOT_ENDED: &str = "only a run that has ended can be played";
/// Whoever trained a run plays it elsewhere.
pub const LEAVE_FIRST: &str = "leave the dashboard, then fitroom watch plays the run";
/// A run is played only once its directory is nobody's.
pub const LEFT_FIRST: &str = "the run can be played once the program that trained it is left";
