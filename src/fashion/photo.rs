//! Turns any picture into an image like those of the data set: 28×28, 0 for the ground and 255 for full ink. Knows file
//! formats, not files; what happens to a picture after it is decoded is `form`'s business.

mod form;
mod frame;
mod ground;
mod plane;

use std::{
    borrow::Cow,
    fmt,
    io::{self, Cursor},
};

use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage, imageops,
    metadata::Orientation,
};

use self::frame::Frame;
use super::{PIXELS, SIDE, sniff};

/// The most pixels along a picture's side.
const LARGEST: u32 = 20_000;
/// The most memory that a decoded picture may take, in bytes. While it is decoded it takes a little more than twice
/// that.
const MOST_MEMORY: u64 = 512 << 20;

/// How to bring a picture to the form of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// As the data set's makers did it: subtract the ground, trim the margins, let the subject fill the image and its
    /// ink the range.
    Prepared,
    /// Only make it grey and fit it: for a picture that has light ink on a black ground already.
    AsIs,
}

/// A picture in the form of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// 28×28 pixels, row by row.
    pub pixels: [u8; PIXELS],
    /// The picture's width and height after it was turned upright.
    pub size: (u32, u32),
    /// What was done to it, in this order, in words such as `ground 180 subtracted`.
    pub steps: Vec<String>,
}

impl fmt::Display for Photo {
    /// `560×560 → 28×28: grey, ground 180 subtracted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size;
        write!(f, "{width}×{height} → {SIDE}×{SIDE}: {}", self.steps.join(", "))
    }
}

/// Why a picture cannot be shown to a network, in one line that follows the file's name and a colon.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The file is empty.
    #[error("the file is empty, expected a PNG, JPEG, WebP or IDX file")]
    Empty,
    /// The file is of another kind.
    #[error("{}, expected a PNG, JPEG, WebP or IDX file", other(_0.as_deref()))]
    Other(Option<String>),
    /// The file ends before the picture does.
    #[error("the {0} picture is cut off: copy or download it again")]
    CutOff(&'static str),
    /// The picture is too large.
    #[error(
        "the picture has {width}×{height} pixels, expected at most {LARGEST} per side and {} MiB in memory: make it \
         smaller",
        MOST_MEMORY >> 20
    )]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The decoder gave up.
    #[error("the {format} picture cannot be read: {reason}")]
    Damaged {
        /// The kind of file.
        format: &'static str,
        /// What the decoder found, one line.
        reason: String,
    },
    /// All of it looks like its ground, or like noise on it.
    #[error("nothing stands out from its ground ({ground}), expected a subject that is lighter or darker")]
    Blank {
        /// The ground's level, 0 to 255.
        ground: u8,
    },
}

fn other(kind: Option<&str>) -> String {
    kind.map_or_else(|| "it is not a picture that can be read".to_owned(), |kind| format!("it is {kind}"))
}

/// Whether a file that starts with these bytes is a picture that [`read`] takes.
#[must_use]
pub fn is_picture(start: &[u8]) -> bool {
    image::guess_format(start).ok().and_then(name).is_some()
}

/// Reads a picture (PNG, JPEG or WebP, of any size and colour), turns it upright, and brings it to the data's form.
///
/// # Errors
/// When the bytes are not such a picture, when it is cut off or too large, or when nothing is to be seen in it.
pub fn read(bytes: &[u8], handling: Handling) -> Result<Photo, PhotoError> {
    let (picture, mut steps) = decoded(bytes)?;
    let size = (picture.width(), picture.height());
    let picture = picture.into_rgba8();
    let pixels = match handling {
        Handling::AsIs => {
            let grey = over(&picture, 0, Channel::Luma);
            steps.push(Channel::Luma.to_string());
            form::fitted(&grey)
        }
        Handling::Prepared => prepared(&picture, &mut steps)?,
    };
    Ok(Photo { pixels, size, steps })
}

/// What of a colour is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    /// How light it is.
    Luma,
    /// One of its three parts: if all colours are equally light, it may be what makes the subject stand out.
    Part(usize),
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Luma => "grey",
            Self::Part(0) => "its red as grey",
            Self::Part(1) => "its green as grey",
            Self::Part(_) => "its blue as grey",
        })
    }
}

/// Brings the picture to the form of the data; what is transparent is ground.
fn prepared(picture: &RgbaImage, steps: &mut Vec<String>) -> Result<[u8; PIXELS], PhotoError> {
    let under = ground_under(picture);
    if let Some(level) = under {
        steps.push(format!("what is transparent made {level}"));
    }
    let ground = under.unwrap_or(255);
    let whole = Seen::of(picture, ground);
    // An image of the data may end in even lines on some sides, but never on all of them.
    let is_in_frame = Frame::of(&whole.grey).is_some_and(|frame| frame.is_on_all_sides());
    let seen =
        if !is_in_frame && form::is_already(&whole.grey) { whole } else { framed(picture, ground, whole, steps) };
    steps.push(seen.channel.to_string());
    if let Some(pixels) = form::already(&seen.grey, steps) {
        return Ok(pixels);
    }
    seen.subject.drawn(steps).ok_or_else(|| PhotoError::Blank { ground: seen.subject.ground_level() })
}

/// What is seen in a picture.
struct Seen {
    channel: Channel,
    grey: GrayImage,
    subject: form::Subject,
}

impl Seen {
    /// Looks at the picture in grey, and if little is seen, at each of its colours.
    fn of(picture: &RgbaImage, ground: u8) -> Self {
        let by = |channel| {
            let grey = over(picture, ground, channel);
            let subject = form::Subject::find(&grey);
            Self { channel, grey, subject }
        };
        let mut seen = by(Channel::Luma);
        // Red on green may be equally light: then one of the colours shows what lightness does not.
        if seen.subject.contrast() < form::FAINT
            && picture.pixels().any(|pixel| pixel.0[0] != pixel.0[1] || pixel.0[1] != pixel.0[2])
        {
            for other in (0..3).map(|part| by(Channel::Part(part))) {
                if other.subject.contrast() > 2.0 * seen.subject.contrast() {
                    seen = other;
                }
            }
        }
        seen
    }
}

/// What is seen inside the innermost frame that contains something, or in the whole picture.
fn framed(picture: &RgbaImage, ground: u8, whole: Seen, steps: &mut Vec<String>) -> Seen {
    /// The most frames, one inside the other.
    const MOST: usize = 4;
    let mut seen = vec![whole];
    let mut frames: Vec<Frame> = Vec::new();
    let mut inside = Cow::Borrowed(picture);
    while frames.len() < MOST
        && let Some(frame) = Frame::of(&seen[frames.len()].grey)
    {
        let (left, top, width, height) = frame.inside(inside.dimensions());
        inside = Cow::Owned(imageops::crop_imm(&*inside, left, top, width, height).to_image());
        frames.push(frame);
        seen.push(Seen::of(&inside, ground));
    }
    // A frame that contains nothing is not one: it is the ground around an even subject, or an outline with a margin.
    if !frames.is_empty() && !seen[frames.len()].subject.is_seen_clearly() {
        seen.pop();
        let inner = frames.pop().expect("there is one");
        if frames.last().is_some_and(|outer| inner.is_stroke_in(outer)) {
            seen.pop();
            frames.pop();
        }
    }
    steps.extend(frames.iter().map(ToString::to_string));
    seen.pop().expect("there is one more than there are frames")
}

/// Decodes the picture. Returns it, and what was done to it.
fn decoded(bytes: &[u8]) -> Result<(DynamicImage, Vec<String>), PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    let format = image::guess_format(bytes).ok().and_then(|format| Some((format, name(format)?)));
    let Some((format, name)) = format else { return Err(PhotoError::Other(sniff::kind_of(bytes))) };
    if format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(PhotoError::CutOff(name));
    }

    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(name, &error))?;
    let (width, height) = decoder.dimensions();
    // Telling the ground from the subject takes four bytes per pixel.
    let memory = decoder.total_bytes().max(4 * u64::from(width) * u64::from(height));
    if width > LARGEST || height > LARGEST || memory > MOST_MEMORY {
        return Err(PhotoError::TooLarge { width, height });
    }
    // A camera that was turned says so in the file, and leaves it to others to turn the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| refused(name, &error))?;
    picture.apply_orientation(orientation);
    let turned = (orientation != Orientation::NoTransforms).then(|| "turned upright".to_owned());
    Ok((picture, turned.into_iter().collect()))
}

/// The names of the formats that can be read.
fn name(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::WebP => Some("WebP"),
        _ => None,
    }
}

/// What the decoder's error says about a picture.
fn refused(format: &'static str, error: &ImageError) -> PhotoError {
    if let ImageError::IoError(error) = error
        && error.kind() == io::ErrorKind::UnexpectedEof
    {
        return PhotoError::CutOff(format);
    }
    let reason = match error {
        // Only the name of the format, which the message has already.
        ImageError::Decoding(error) => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
        }
        error => error.to_string(),
    };
    // Some decoders print their own values, which do not help whoever has the file.
    let reason = if reason.contains('{') { "it is damaged".to_owned() } else { reason };
    PhotoError::Damaged { format, reason: reason.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Whether a JPEG file has an end, which its decoder does not require. What precedes its image is skipped; it may
/// contain a smaller image with an end of its own.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    const END: [u8; 2] = [0xff, 0xd9];
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [0xff, 0xda, image @ ..] => return image.windows(END.len()).any(|marker| marker == END),
            [0xff, 0xff, ..] => &rest[1..],
            [0xff, _, segment @ ..] => match segment {
                [high, low, ..] => segment.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default(),
                _ => return false,
            },
            // The decoder says what else is wrong.
            rest => return !rest.is_empty(),
        }
    }
}

/// The ground to put behind a picture that is transparent anywhere: white as paper, or black if everything that can be
/// seen is white.
fn ground_under(picture: &RgbaImage) -> Option<u8> {
    const WHITE: u64 = 235;
    if picture.pixels().all(|pixel| pixel.0[3] == 255) {
        return None;
    }
    let (ink, weight) = picture.pixels().fold((0, 0_u64), |(ink, weight), pixel| {
        let alpha = u64::from(pixel.0[3]);
        (ink + u64::from(luma(pixel.0)) * alpha, weight + alpha)
    });
    Some(if ink / weight.max(1) > WHITE { 0 } else { 255 })
}

fn luma([red, green, blue, _]: [u8; 4]) -> u8 {
    // The weights of Rec. 709, the same as in the decoder's own conversion.
    let sum = 2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue);
    u8::try_from(sum / 10_000).expect("a mean of bytes is a byte")
}

/// Makes the picture grey, over a ground of this level.
fn over(picture: &RgbaImage, ground: u8, channel: Channel) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let pixel = picture.get_pixel(x, y).0;
        let level = match channel {
            Channel::Luma => luma(pixel),
            Channel::Part(part) => pixel[part],
        };
        let [level, alpha, ground] = [level, pixel[3], ground].map(u32::from);
        [u8::try_from((level * alpha + ground * (255 - alpha)) / 255).expect("a mean of two bytes")].into()
    })
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    /// A picture of this size with a bar of `ink` in the middle of its `ground`.
    fn picture(width: u32, height: u32, ground: [u8; 4], ink: [u8; 4], format: ImageFormat) -> Vec<u8> {
        let picture = RgbaImage::from_fn(width, height, |x, y| {
            let inside = (width / 4..width - width / 4).contains(&x) && (height / 4..height - height / 4).contains(&y);
            Rgba(if inside { ink } else { ground })
        });
        let picture = DynamicImage::ImageRgba8(picture);
        let picture = if format == ImageFormat::Jpeg { DynamicImage::from(picture.into_rgb8()) } else { picture };
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).expect("it can be written");
        bytes
    }

    fn prepared(bytes: &[u8]) -> [u8; PIXELS] {
        read(bytes, Handling::Prepared).expect("it is a picture").pixels
    }

    fn at(pixels: &[u8; PIXELS], row: usize, column: usize) -> u8 {
        pixels[row * SIDE + column]
    }

    const WHITE: [u8; 4] = [255; 4];
    const BLACK: [u8; 4] = [0, 0, 0, 255];

    #[test]
    fn dark_on_light_and_light_on_dark_are_ink_on_ground() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            for (ground, ink) in [(WHITE, BLACK), (BLACK, WHITE), ([180, 180, 180, 255], BLACK)] {
                let pixels = prepared(&picture(200, 400, ground, ink, format));
                assert!(at(&pixels, 14, 14) > 250, "{format:?}: {}", at(&pixels, 14, 14));
                assert!(at(&pixels, 1, 14) > 250, "{format:?}: the longest edge fills the image");
                assert!(at(&pixels, 14, 5) < 5, "{format:?}: {}", at(&pixels, 14, 5));
            }
        }
    }

    #[test]
    fn margins_are_trimmed_and_told() {
        let bytes = picture(400, 200, [180, 180, 180, 255], BLACK, ImageFormat::Png);
        let photo = read(&bytes, Handling::Prepared).expect("it is a picture");
        assert_eq!(
            photo.to_string(),
            "400×200 → 28×28: grey, ground 180 subtracted, margins 50 100 50 100 trimmed, inverted"
        );
    }

    #[test]
    fn a_picture_taken_as_it_is_is_made_grey_and_fitted_and_no_more() {
        let photo = read(&picture(280, 70, WHITE, BLACK, ImageFormat::Png), Handling::AsIs).expect("it is a picture");
        assert_eq!(photo.steps, ["grey"]);
        assert!(at(&photo.pixels, 14, 14) == 0 && at(&photo.pixels, 12, 1) == 255 && at(&photo.pixels, 5, 14) == 0);
        let levels: Vec<u8> = (0..PIXELS).map(|at| u8::try_from(at % 256).expect("a byte")).collect();
        let mut bytes = Vec::new();
        let picture = GrayImage::from_raw(28, 28, levels.clone()).expect("28 by 28");
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("it can be written");
        assert_eq!(read(&bytes, Handling::AsIs).expect("it is a picture").pixels[..], levels);
        read(&picture_of(1, 5000), Handling::AsIs).expect("it is a picture");
    }

    fn picture_of(width: u32, height: u32) -> Vec<u8> {
        picture(width, height, WHITE, BLACK, ImageFormat::Png)
    }

    #[test]
    fn where_nothing_is_to_be_seen_that_is_told() {
        for (width, height) in [(1, 1), (28, 28), (1, 5000), (300, 200)] {
            let error = read(&picture(width, height, WHITE, WHITE, ImageFormat::Png), Handling::Prepared);
            assert_eq!(
                error.expect_err("it is blank").to_string(),
                "nothing stands out from its ground (255), expected a subject that is lighter or darker"
            );
        }
    }

    #[test]
    fn what_is_transparent_is_ground() {
        let pixels = prepared(&picture(56, 28, [0; 4], BLACK, ImageFormat::Png));
        assert!(at(&pixels, 14, 14) == 255 && at(&pixels, 0, 0) == 0);
        let light = prepared(&picture(56, 28, [255, 255, 255, 0], WHITE, ImageFormat::Png));
        assert!(light == pixels, "light ink is lost where its ground is transparent");
    }

    #[test]
    fn a_subject_as_light_as_its_ground_is_seen_by_its_colour() {
        let bytes = picture(100, 200, [90, 150, 90, 255], [230, 106, 90, 255], ImageFormat::Png);
        let photo = read(&bytes, Handling::Prepared).expect("it is a picture");
        assert_eq!(photo.steps[0], "its red as grey");
        assert!(at(&photo.pixels, 14, 14) > 250 && at(&photo.pixels, 14, 2) == 0);
    }

    #[test]
    fn a_picture_that_was_taken_with_the_camera_on_its_side_is_turned() {
        let upright = picture(280, 70, WHITE, BLACK, ImageFormat::Jpeg);
        // EXIF with one entry: orientation 6, a quarter turn to the right.
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let turned = [&upright[..2], exif, &upright[2..]].concat();
        let [upright, turned] = [upright, turned].map(|bytes| prepared(&bytes));
        assert!(at(&upright, 14, 2) > 200 && at(&upright, 2, 14) < 50);
        assert!(at(&turned, 14, 2) < 50 && at(&turned, 2, 14) > 200);
    }

    #[test]
    fn bytes_that_are_no_picture_and_pictures_cut_short_are_an_error() {
        for bytes in [&b""[..], b"hello", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xff"] {
            assert!(read(bytes, Handling::Prepared).is_err());
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let whole = picture(200, 200, WHITE, BLACK, format);
            for end in [whole.len() / 2, whole.len() - 20] {
                let error = read(&whole[..end], Handling::Prepared).expect_err("it is cut short").to_string();
                assert!(!error.contains('\n'), "{format:?}: {error}");
            }
        }
    }
}
