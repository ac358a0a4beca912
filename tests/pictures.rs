//! The real program and people's own pictures: test images drawn again in the way of photographs and drawings. A
//! network that is trained here must predict the same for them as for the test images themselves.

#[path = "place/place.rs"]
mod place;

use std::{
    fs::{self, File},
    io::{Cursor, Write},
    num::NonZeroU16,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use flate2::{Compression, Crc, write::ZlibEncoder};
use image::{
    DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::jpeg::JpegEncoder,
    imageops::{self, FilterType},
};
use serde_json::Value;

use self::place::{FASHION, Place, assert_success, error, run, write_split};

/// Test images of all ten classes but one.
const IMAGES: [usize; 10] = [0, 1, 2, 7, 8, 9, 11, 13, 18, 19];

/// A place with a run of three epochs on all of Fashion-MNIST.
static TRAINED: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    assert_success(&run(place.command(&["train", "--epochs", "3", "--run", "full", "--threads", "1"])));
    place
});

fn predicted(arguments: &[&str]) -> Vec<Value> {
    let output = run(TRAINED.command(&[&["predict", "--run", "full", "--json"], arguments].concat()));
    assert_success(&output);
    let text = String::from_utf8(output.stdout).expect("words are text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A directory of pictures, each a test image drawn in some way.
struct Drawn {
    directory: &'static str,
    files: Vec<(usize, String)>,
}

impl Drawn {
    fn new(directory: &'static str) -> Self {
        fs::create_dir(TRAINED.path(directory)).expect("it is new");
        Self { directory, files: Vec::new() }
    }

    fn add(&mut self, image: usize, how: &str, write: impl FnOnce(&Path)) {
        let file = format!("{}/{image} {how}", self.directory);
        write(&TRAINED.path(&file));
        self.files.push((image, file));
    }

    fn png(&mut self, image: usize, how: &str, picture: impl Into<DynamicImage>) {
        self.add(image, &format!("{how}.png"), |path| picture.into().save(path).expect("there is room"));
    }

    fn jpeg(&mut self, image: usize, how: &str, quality: u8, picture: impl Into<DynamicImage>) {
        self.add(image, &format!("{how} {quality}.jpg"), |path| {
            let file = File::create(path).expect("there is room");
            picture.into().write_with_encoder(JpegEncoder::new_with_quality(file, quality)).expect("there is room");
        });
    }

    /// The pictures with another prediction than their test images, and how many pictures there are.
    fn mistaken(&self) -> (Vec<String>, usize) {
        let truth = predicted(&IMAGES.map(|image| image.to_string()).each_ref().map(String::as_str));
        let of = |image| &truth[IMAGES.iter().position(|at| *at == image).expect("one of them")]["predicted"];
        let files: Vec<&str> = self.files.iter().map(|(_, file)| &**file).collect();
        let found = predicted(&files);
        assert_eq!(found.len(), files.len());
        let mistaken = found.iter().zip(&self.files).filter(|(found, (image, _))| found["predicted"] != *of(*image));
        let words = mistaken.map(|(found, (image, file))| {
            format!("{file} is taken for {}, and not {}: {}", found["predicted"], of(*image), found["steps"])
        });
        (words.collect(), files.len())
    }

    fn assert_all_are_taken_for_what_they_are(&self) {
        let (mistaken, count) = self.mistaken();
        assert!(mistaken.is_empty(), "{} of {count}:\n{}", mistaken.len(), mistaken.join("\n"));
    }
}

const FILTERS: [(&str, FilterType); 3] =
    [("nearest", FilterType::Nearest), ("triangle", FilterType::Triangle), ("lanczos", FilterType::Lanczos3)];

/// Margins at the top, right, bottom and left.
const MARGINS: [(&str, [u32; 4]); 4] =
    [("no margins", [0; 4]), ("margins", [140; 4]), ("left margin", [0, 0, 0, 140]), ("top margin", [137, 0, 0, 0])];

/// A test image's ink, ten times as large, within margins.
fn ink(image: usize, filter: FilterType, [top, right, bottom, left]: [u32; 4]) -> GrayImage {
    let pixels = FASHION.test.image(image).pixels().to_vec();
    let ink = imageops::resize(&GrayImage::from_raw(28, 28, pixels).expect("28 by 28"), 280, 280, filter);
    let mut canvas = GrayImage::new(280 + left + right, 280 + top + bottom);
    imageops::replace(&mut canvas, &ink, left.into(), top.into());
    canvas
}

/// The ink's share at this place, 0 to 1.
fn share(ink: &GrayImage, x: u32, y: u32) -> f64 {
    f64::from(ink.get_pixel(x, y).0[0]) / 255.0
}

/// A place in a picture, from -0.5 to 0.5 in each direction.
fn place(ink: &GrayImage, x: u32, y: u32) -> (f64, f64) {
    (f64::from(x) / f64::from(ink.width()) - 0.5, f64::from(y) / f64::from(ink.height()) - 0.5)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn byte(level: f64) -> u8 {
    level.round().clamp(0.0, 255.0) as u8
}

/// The ink on a ground of this level at each place: full ink is black, none is the ground.
fn dark(ink: &GrayImage, ground: impl Fn(u32, u32) -> f64) -> GrayImage {
    GrayImage::from_fn(ink.width(), ink.height(), |x, y| Luma([byte(ground(x, y) * (1.0 - share(ink, x, y)))]))
}

#[test]
fn a_picture_that_is_an_image_of_the_data_already_is_taken_pixel_by_pixel() {
    let mut files = Vec::new();
    // The last of them touch the edges, or are faint there.
    for image in (0..100).chain([320, 1029, 1483, 3079, 4148, 4512]) {
        let pixels = FASHION.test.image(image).pixels();
        for (how, pixels) in [("same", *pixels), ("inverted", pixels.map(|ink| 255 - ink))] {
            let picture = GrayImage::from_raw(28, 28, pixels.to_vec()).expect("28 by 28");
            let file = format!("{image} {how}.png");
            picture.save(TRAINED.path(&file)).expect("there is room");
            files.push((image.to_string(), file));
        }
    }
    let arguments: Vec<&str> = files.iter().flat_map(|(index, file)| [&**index, &**file]).collect();
    for pair in predicted(&arguments).chunks(2) {
        assert_eq!(pair[0]["probabilities"], pair[1]["probabilities"], "{}", pair[1]);
    }
    let as_is: Vec<&str> = files.iter().step_by(2).flat_map(|(index, file)| [&**index, &**file]).collect();
    for pair in predicted(&[&["--as-is"], &as_is[..]].concat()).chunks(2) {
        assert_eq!(pair[0]["probabilities"], pair[1]["probabilities"], "{}", pair[1]);
        assert_eq!(pair[1]["steps"].as_array().map(Vec::len), Some(1), "{}", pair[1]);
    }
}

#[test]
fn a_dark_garment_on_any_light_ground_is_taken_for_what_it_is() {
    let mut drawn = Drawn::new("dark");
    for image in IMAGES {
        for (filter_name, filter) in FILTERS {
            for (turn, ground) in [255.0, 240.0, 220.0, 200.0, 180.0].into_iter().enumerate() {
                // All margins come with all grounds, in turn.
                for (margin_name, margins) in [MARGINS[turn % 4], MARGINS[(turn + 1) % 4]] {
                    let picture = dark(&ink(image, filter, margins), |_, _| ground);
                    let how = format!("{filter_name} on {ground} {margin_name}");
                    drawn.jpeg(image, &how, if turn % 2 == 0 { 75 } else { 95 }, picture.clone());
                    drawn.png(image, &how, picture);
                }
            }
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

#[test]
fn a_light_garment_on_a_dark_ground_is_taken_for_what_it_is() {
    let mut drawn = Drawn::new("light");
    for image in IMAGES {
        for (filter_name, filter) in FILTERS {
            for (margin_name, margins) in MARGINS {
                let ink = ink(image, filter, margins);
                for ground in [0.0, 30.0, 60.0] {
                    let picture = GrayImage::from_fn(ink.width(), ink.height(), |x, y| {
                        Luma([byte(ground + (255.0 - ground) * share(&ink, x, y))])
                    });
                    drawn.jpeg(image, &format!("{filter_name} on {ground} {margin_name}"), 85, picture);
                }
            }
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

#[test]
fn colours_and_transparency_change_nothing() {
    let mut drawn = Drawn::new("colours");
    for image in IMAGES {
        for (filter_name, filter) in FILTERS {
            for (margin_name, margins) in &MARGINS[..2] {
                let ink = ink(image, filter, *margins);
                let (width, height) = ink.dimensions();
                for (name, ground, garment) in [
                    ("red on cream", [235.0, 225.0, 205.0], [120.0, 20.0, 40.0]),
                    ("blue on sky", [200.0, 215.0, 230.0], [10.0, 30.0, 90.0]),
                    ("gold on night", [20.0, 25.0, 30.0], [240.0, 220.0, 120.0]),
                ] {
                    let picture = RgbImage::from_fn(width, height, |x, y| {
                        let ink = share(&ink, x, y);
                        Rgb([0, 1, 2].map(|part| byte(ground[part] * (1.0 - ink) + garment[part] * ink)))
                    });
                    drawn.jpeg(image, &format!("{name} {filter_name} {margin_name}"), 85, picture);
                }
                let cut_out = RgbaImage::from_fn(width, height, |x, y| {
                    let ink = ink.get_pixel(x, y).0[0];
                    let level = 255 - ink;
                    Rgba([level, level, level, if ink > 0 { 255 } else { 0 }])
                });
                drawn.png(image, &format!("cut out {filter_name} {margin_name}"), cut_out);
                let glaze = RgbaImage::from_fn(width, height, |x, y| Rgba([0, 0, 0, ink.get_pixel(x, y).0[0]]));
                drawn.png(image, &format!("glaze {filter_name} {margin_name}"), glaze);
            }
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

/// Numbers around 0 whose standard deviation is 1, the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        let sum: f64 = (0..12)
            .map(|_| {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / f64::from(u32::MAX)
            })
            .sum();
        sum - 6.0
    }
}

#[test]
fn light_that_falls_off_a_soft_shadow_and_noise_do_little_harm() {
    let mut drawn = Drawn::new("light and shadow");
    for image in IMAGES {
        for (filter_name, filter) in FILTERS {
            for (margin_name, margins) in &MARGINS[..2] {
                let ink = ink(image, filter, *margins);
                let how = |what: &str| format!("{what} {filter_name} {margin_name}");
                for (name, across, down) in [("right", 40.0, 0.0), ("down", 0.0, -40.0), ("aslant", 20.0, 20.0)] {
                    let picture = dark(&ink, |x, y| {
                        let (right, below) = place(&ink, x, y);
                        210.0 + across * right + down * below
                    });
                    drawn.jpeg(image, &how(&format!("gradient {name}")), 85, picture);
                }
                let blurred = imageops::fast_blur(&ink, 18.0);
                let cast = dark(&ink, |x, y| {
                    220.0 * (1.0 - 0.2 * share(&blurred, x.saturating_sub(20), y.saturating_sub(15)))
                });
                drawn.jpeg(image, &how("cast shadow"), 85, cast);
                let spot = dark(&ink, |x, y| {
                    let (right, below) =
                        (f64::from(x) - f64::from(ink.width()) * 0.75, f64::from(y) - f64::from(ink.height()) * 0.75);
                    220.0 * (1.0 - 0.2 * (-(right * right + below * below) / (2.0 * 35.0 * 35.0)).exp())
                });
                drawn.jpeg(image, &how("spot"), 85, spot);
                let mut noise = Noise(image as u64);
                let mut grainy = dark(&ink, |_, _| 230.0);
                grainy.pixels_mut().for_each(|pixel| pixel.0[0] = byte(f64::from(pixel.0[0]) + 4.0 * noise.next()));
                drawn.jpeg(image, &how("noise"), 85, grainy);
            }
        }
    }
    let (mistaken, count) = drawn.mistaken();
    // What lies in a shadow is a guess; one in fifty may be wrong.
    assert!(mistaken.len() * 50 <= count, "{} of {count}:\n{}", mistaken.len(), mistaken.join("\n"));
}

// Frames.

/// The picture in a frame of this level: so wide at the top, right, bottom and left.
fn in_frame(picture: &GrayImage, level: u8, [top, right, bottom, left]: [u32; 4]) -> GrayImage {
    let (width, height) = (picture.width() + left + right, picture.height() + top + bottom);
    let mut framed = GrayImage::from_pixel(width, height, Luma([level]));
    imageops::replace(&mut framed, picture, left.into(), top.into());
    framed
}

/// A test image dark on this ground, or light on it, ten times as large.
fn on(ground: u8, image: usize, filter: FilterType, margins: [u32; 4]) -> GrayImage {
    let ink = ink(image, filter, margins);
    let ground = f64::from(ground);
    if ground > 127.0 {
        return dark(&ink, |_, _| ground);
    }
    GrayImage::from_fn(ink.width(), ink.height(), |x, y| Luma([byte(ground + (255.0 - ground) * share(&ink, x, y))]))
}

#[test]
fn a_frame_around_a_picture_is_no_part_of_it() {
    let mut drawn = Drawn::new("framed");
    for image in IMAGES {
        for (margin_name, margins) in &MARGINS {
            for (ground, level) in [(230, 0), (255, 0), (200, 255), (230, 120), (0, 255), (30, 230), (60, 0)] {
                let picture = on(ground, image, FilterType::Triangle, *margins);
                for width in [1, 4, 9, 20] {
                    let framed = in_frame(&picture, level, [width; 4]);
                    let how = format!("{width} of {level} around {ground} {margin_name}");
                    if width % 2 == 0 {
                        drawn.jpeg(image, &how, if width == 4 { 75 } else { 90 }, framed);
                    } else {
                        drawn.png(image, &how, framed);
                    }
                }
            }
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

#[test]
fn bars_on_some_sides_of_a_picture_are_no_part_of_it() {
    let mut drawn = Drawn::new("bars");
    for image in IMAGES {
        for (margin_name, margins) in &MARGINS[..2] {
            for (ground, level) in [(230, 0), (200, 255), (0, 255), (30, 230)] {
                let picture = on(ground, image, FilterType::Nearest, *margins);
                for (name, widths) in [
                    ("above and below", [40, 0, 40, 0]),
                    ("left and right", [0, 70, 0, 70]),
                    ("below", [0, 0, 12, 0]),
                    ("left", [0, 0, 0, 3]),
                    ("above and left", [8, 0, 0, 8]),
                    ("but above", [0, 1, 1, 1]),
                    ("of all widths", [3, 20, 7, 12]),
                ] {
                    // A subject that touches a whole edge beside a single bar cannot be told from it for sure.
                    let is_alone = widths[..2].iter().zip(&widths[2..]).all(|(one, other)| *one == 0 || *other == 0);
                    if is_alone && *margins == [0; 4] {
                        continue;
                    }
                    let framed = in_frame(&picture, level, widths);
                    let how = format!("{name} {level} on {ground} {margin_name}");
                    if level == 255 {
                        drawn.jpeg(image, &how, 85, framed);
                    } else {
                        drawn.png(image, &how, framed);
                    }
                }
            }
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

#[test]
fn frames_in_frames_and_blurred_or_coloured_ones_are_no_part_of_a_picture() {
    let mut drawn = Drawn::new("frames");
    for image in IMAGES {
        for (margin_name, margins) in &MARGINS[..2] {
            let picture = on(230, image, FilterType::Lanczos3, *margins);
            let nested = in_frame(&in_frame(&picture, 0, [3; 4]), 255, [15; 4]);
            drawn.png(image, &format!("nested {margin_name}"), nested.clone());
            drawn.jpeg(image, &format!("nested {margin_name}"), 85, nested);
            let mounted = in_frame(&in_frame(&picture, 120, [10; 4]), 20, [10; 4]);
            drawn.png(image, &format!("mounted {margin_name}"), mounted);
            let framed = in_frame(&picture, 0, [12; 4]);
            let (width, height) = framed.dimensions();
            let smaller = imageops::resize(&framed, width * 2 / 3, height * 2 / 3, FilterType::Triangle);
            drawn.jpeg(image, &format!("made smaller {margin_name}"), 85, smaller);
            drawn.jpeg(image, &format!("blurred {margin_name}"), 85, imageops::fast_blur(&framed, 1.5));
            let mut noise = Noise(image as u64);
            let mut grainy = framed.clone();
            grainy.pixels_mut().for_each(|pixel| pixel.0[0] = byte(f64::from(pixel.0[0]) + 3.0 * noise.next()));
            drawn.jpeg(image, &format!("grainy {margin_name}"), 85, grainy);
            let coloured = RgbImage::from_fn(width, height, |x, y| {
                let is_frame = x < 12 || y < 12 || x + 12 >= width || y + 12 >= height;
                Rgb(if is_frame { [160, 30, 40] } else { [framed.get_pixel(x, y).0[0]; 3] })
            });
            drawn.png(image, &format!("coloured {margin_name}"), coloured);
        }
    }
    drawn.assert_all_are_taken_for_what_they_are();
}

#[test]
fn a_frame_is_told_with_its_widths() {
    let mut drawn = Drawn::new("told");
    let picture = on(230, 0, FilterType::Nearest, [20; 4]);
    drawn.png(0, "one", in_frame(&picture, 0, [4; 4]));
    drawn.png(0, "two", in_frame(&in_frame(&picture, 0, [2, 5, 3, 4]), 255, [10; 4]));
    drawn.png(0, "bars", in_frame(&picture, 0, [30, 0, 30, 0]));
    let files: Vec<&str> = drawn.files.iter().map(|(_, file)| &**file).collect();
    let frames: [&[&str]; 3] = [
        &["frame 4 4 4 4 trimmed"],
        &["frame 10 10 10 10 trimmed", "frame 2 5 3 4 trimmed"],
        &["frame 30 0 30 0 trimmed"],
    ];
    for (found, frames) in predicted(&files).iter().zip(frames) {
        let steps: Vec<&str> =
            found["steps"].as_array().expect("they are told").iter().filter_map(Value::as_str).collect();
        assert_eq!(steps[..frames.len()], *frames);
        assert_eq!(steps[frames.len()..][..2], ["grey", "ground 230 subtracted"]);
    }
}

#[test]
fn an_outline_with_nothing_in_it_is_no_frame() {
    let mut files = Vec::new();
    for (how, levels) in [("dark", [255, 0]), ("light", [0, 255])] {
        for stroke in [1, 3, 8] {
            for margin in [0_u32, 5, 14, 40] {
                let is_within = |at: u32, by| (margin + by..280 - margin - by).contains(&at);
                let name = format!("box {how} {stroke} {margin}.png");
                files.push(draw(&name, 280, levels, |x, y| {
                    is_within(x, 0) && is_within(y, 0) && !(is_within(x, stroke) && is_within(y, stroke))
                }));
            }
        }
    }
    let arguments: Vec<&str> = files.iter().map(|file| &**file).collect();
    for found in predicted(&arguments) {
        assert!(!found["steps"].to_string().contains("frame"), "{found}");
    }
}

// Thin drawings.

/// The ink of 28×28 pixels, by row and column.
type Inks = [[u8; 28]; 28];

/// The images that the program shows of these files, in true colour.
fn shown(files: &[String]) -> Vec<Inks> {
    let arguments: Vec<&str> = files.iter().map(|file| &**file).collect();
    let output =
        run(TRAINED.command(&[&["predict", "--run", "full", "--color", "truecolor"], &arguments[..]].concat()));
    assert_success(&output);
    let text = String::from_utf8(output.stdout).expect("words are text").replace('\n', "\r\n");
    let rows = u16::try_from(text.lines().count() + 1).expect("there are some thousand");
    let [height, width] = [rows, 400].map(|length| NonZeroU16::new(length).expect("it is more than 0"));
    let mut terminal = vt100::Parser::new(height, width, 0);
    terminal.process(text.as_bytes());
    let ink = |colour| match colour {
        vt100::Color::Rgb(level, _, _) => 255 - level,
        other => panic!("{other:?} is no true colour"),
    };
    let mut lines: Vec<[u8; 28]> = Vec::new();
    for row in 0..rows {
        let cells = (0..400).filter_map(|column| terminal.screen().cell(row, column));
        let halves: Vec<_> = cells.filter(|cell| cell.contents() == "▀").collect();
        if !halves.is_empty() {
            let line = |ink: &dyn Fn(&vt100::Cell) -> u8| -> [u8; 28] {
                halves.iter().map(|cell| ink(cell)).collect::<Vec<_>>().try_into().expect("one picture stands in a row")
            };
            lines.extend([line(&|cell| ink(cell.fgcolor())), line(&|cell| ink(cell.bgcolor()))]);
        }
    }
    let (images, rest) = lines.as_chunks::<28>();
    assert!(rest.is_empty() && images.len() == files.len(), "{} images of {} files", images.len(), files.len());
    images.to_vec()
}

/// Writes a square picture, in which is ink where it is said to be.
fn draw(name: &str, side: u32, [ground, ink]: [u8; 2], is_ink: impl Fn(u32, u32) -> bool) -> String {
    let picture = GrayImage::from_fn(side, side, |x, y| Luma([if is_ink(x, y) { ink } else { ground }]));
    picture.save(TRAINED.path(name)).expect("there is room");
    name.to_owned()
}

#[test]
fn all_four_sides_of_a_thin_outline_are_seen_alike() {
    let mut files = Vec::new();
    for side in [100, 280, 560, 1000] {
        for stroke in [1, 2, 4, 8] {
            for (how, levels) in [("dark", [255, 0]), ("light", [0, 255]), ("grey", [230, 70])] {
                // The margins in hundredths at the left and right, and at the top and bottom.
                for (across, down) in [(11, 10), (31, 10), (5, 27)] {
                    let (left, right) = (side * across / 100, side - side * across / 100);
                    let (top, bottom) = (side * down / 100, side - side * down / 100);
                    let is_within =
                        |x, y, by| (left + by..right - by).contains(&x) && (top + by..bottom - by).contains(&y);
                    let name = format!("outline {side} {stroke} {how} {across} {down}.png");
                    files.push(draw(&name, side, levels, |x, y| is_within(x, y, 0) && !is_within(x, y, stroke)));
                }
            }
        }
    }
    for (image, file) in shown(&files).iter().zip(&files) {
        let columns: Vec<usize> = (0..28).filter(|column| image.iter().any(|row| row[*column] > 0)).collect();
        let rows: Vec<usize> = (0..28).filter(|row| image[*row].iter().any(|ink| *ink > 0)).collect();
        let ([left, .., right], [top, .., bottom]) = (&columns[..], &rows[..]) else { panic!("{file}: {image:?}") };
        let [left, right, top, bottom] = [*left, *right, *top, *bottom];
        assert!(right - left == 27 || bottom - top == 27, "{file}: {image:?}");
        // The least ink along each side, apart from its corners.
        let across = |row: usize| (left + 2..right - 1).map(|column| image[row][column]).min().expect("it is wide");
        let down = |column: usize| (top + 2..bottom - 1).map(|row| image[row][column]).min().expect("it is tall");
        let sides = [across(top), across(bottom), down(left), down(right)].map(u32::from);
        let (least, most) = (sides.iter().min().expect("four"), sides.iter().max().expect("four"));
        assert!(*least > 90 && least * 5 >= most * 3, "{file}: {sides:?}");
    }
}

#[test]
fn thin_strokes_aslant_and_dashes_are_seen_from_end_to_end() {
    let mut files = Vec::new();
    for side in [100, 280, 560, 1000] {
        for stroke in [1, 2, 4] {
            let (first, last) = (side / 10, side - side / 10);
            let is_within = |x, y| (first..last).contains(&x) && (first..last).contains(&y);
            let name = |what: &str| format!("{what} {side} {stroke}.png");
            let draw = |what, is_ink: &dyn Fn(u32, u32) -> bool| draw(&name(what), side, [255, 0], is_ink);
            let from_middle = |x: u32, y: u32| x.abs_diff(side / 2) + y.abs_diff(side / 2);
            files.extend([
                draw("diamond", &|x, y| (side * 4 / 10..side * 4 / 10 + stroke).contains(&from_middle(x, y))),
                draw("aslant", &|x, y| is_within(x, y) && (y..y + stroke).contains(&x)),
                draw("dashes", &|x, y| {
                    let is_edge = [x, y].iter().any(|at| *at < first + stroke || *at + stroke >= last);
                    is_within(x, y) && is_edge && (x + y) / (side / 28).max(2) % 2 == 0
                }),
            ]);
        }
    }
    for (image, file) in shown(&files).iter().zip(&files) {
        let is_ink = |ink: u8| ink > 25;
        let rows = image.iter().filter(|row| row.iter().any(|ink| is_ink(*ink))).count();
        let columns = (0..28).filter(|column| image.iter().any(|row| is_ink(row[*column]))).count();
        // Between two dashes there may be a pixel without ink.
        let least = if file.starts_with("dashes") { 18 } else { 24 };
        let is_to_the_ends = [0, 1].iter().any(|row| image[*row].iter().any(|ink| is_ink(*ink)))
            && [26, 27].iter().any(|row| image[*row].iter().any(|ink| is_ink(*ink)));
        assert!(is_to_the_ends, "{file}: {image:?}");
        assert!(rows >= least && columns >= least, "{file}: {rows} rows and {columns} columns have ink");
    }
}

// Files of all kinds, and what is not a file.

/// A place with a small run.
fn small() -> Place {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    place
}

fn lines(command: Command) -> Vec<Value> {
    let output = run(command);
    assert_success(&output);
    let text = String::from_utf8(output.stdout).expect("words are text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A boot, dark on white, five times as large.
fn boot() -> GrayImage {
    let pixels = FASHION.test.image(0).pixels().map(|ink| 255 - ink).to_vec();
    imageops::resize(&GrayImage::from_raw(28, 28, pixels).expect("28 by 28"), 140, 140, FilterType::Nearest)
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), format).expect("it can be written");
    bytes
}

/// A PNG file of these chunks.
fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks {
        let mut checksum = Crc::new();
        checksum.update(*kind);
        checksum.update(content);
        let length = u32::try_from(content.len()).expect("it is small").to_be_bytes();
        bytes.extend([&length, &kind[..], content, &checksum.sum().to_be_bytes()].concat());
    }
    bytes
}

/// A PNG's first chunk: width, height, bits per value and type of colour.
fn png_header(width: u32, height: u32, bits: u8, colour: u8) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, colour, 0, 0, 0]].concat()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

#[test]
fn pictures_of_every_kind_show_the_same_boot() {
    let place = small();
    let boot = boot();
    let plain = encoded(boot.clone(), ImageFormat::Png);
    let rows: Vec<u8> = boot.rows().flat_map(|row| [0].into_iter().chain(row.map(|pixel| pixel.0[0]))).collect();
    let greys: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
    let palette =
        png(&[(b"IHDR", &png_header(140, 140, 8, 3)), (b"PLTE", &greys), (b"IDAT", &deflated(&rows)), (b"IEND", b"")]);
    let deep = DynamicImage::ImageLuma8(boot.clone()).into_luma16();
    let still = encoded(DynamicImage::ImageLuma8(boot.clone()).into_rgb8(), ImageFormat::WebP);
    // After "RIFF", its length and "WEBP": one chunk, the frame.
    let frame = &still[12..];
    let sized = |length: usize| u32::try_from(length).expect("it is small").to_le_bytes();
    // At the corner, 140×140, for a tenth of a second, replacing what was there.
    let place_and_size = [0, 0, 0, 0, 0, 0, 139, 0, 0, 139, 0, 0, 100, 0, 0, 2];
    let animation = [&place_and_size[..], frame].concat();
    let animated = [
        &b"WEBPVP8X\x0a\0\0\0\x02\0\0\0\x8b\0\0\x8b\0\0ANIM\x06\0\0\0\xff\xff\xff\xff\0\0"[..],
        b"ANMF",
        &sized(animation.len()),
        &animation,
        b"ANMF",
        &sized(animation.len()),
        &animation,
    ]
    .concat();
    let animated = [b"RIFF", &sized(animated.len())[..], &animated].concat();
    for (name, bytes) in [
        ("plain.png", &plain),
        ("palette.png", &palette),
        ("deep.png", &encoded(deep, ImageFormat::Png)),
        ("still.webp", &still),
        ("animated.webp", &animated),
        ("12", &plain),
        ("a name of something else.gz", &plain),
    ] {
        fs::write(place.path(name), bytes).expect("there is room");
    }
    let names =
        ["plain.png", "palette.png", "deep.png", "still.webp", "animated.webp", "./12", "a name of something else.gz"];
    let found = lines(place.command(&[&["predict", "--json", "0"], &names[..]].concat()));
    assert_eq!(found.len(), 1 + names.len());
    let boot = found[1]["probabilities"].clone();
    for (found, name) in found[1..].iter().zip(names) {
        assert_eq!(found["file"], name);
        assert_eq!(found["probabilities"], boot, "{found}");
        assert_eq!(found["size"], serde_json::json!([140, 140]));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_subject_in_a_large_picture_takes_little_more_memory_than_the_picture() {
    let place = small();
    let is_subject = |x, y| (3000..3150).contains(&x) && (2500..2650).contains(&y);
    let picture = GrayImage::from_fn(6000, 5000, |x, y| Luma([if is_subject(x, y) { 20 } else { 230 }]));
    fs::write(place.path("large.png"), encoded(picture, ImageFormat::Png)).expect("there is room");
    // In kilobytes. The picture takes 120 MB, with its transparency; pixel by pixel its subject would take 600 MB more.
    let limited = "ulimit -v 600000; exec \"$0\" predict --json large.png";
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_fitroom")]).current_dir(place.directory.path());
    let found = &lines(command)[0];
    assert_eq!(found["steps"][2], "margins 2500 2850 2350 3000 trimmed");
}

#[test]
fn files_that_cannot_be_shown_say_why_in_a_line() {
    let place = small();
    let whole = encoded(boot(), ImageFormat::Png);
    let huge = png(&[(b"IHDR", &png_header(30_000, 30_000, 8, 0)), (b"IDAT", &deflated(b"")), (b"IEND", b"")]);
    let wide = png(&[(b"IHDR", &png_header(20_000, 20_000, 8, 0)), (b"IDAT", &deflated(b"")), (b"IEND", b"")]);
    let ground = GrayImage::from_pixel(50, 5000, Luma([199]));
    let expected = "expected a PNG, JPEG, WebP or IDX file";
    let too_large = "expected at most 20000 per side and 512 MiB in memory: make it smaller";
    for (content, words) in [
        (&b""[..], format!("the file is empty, {expected}")),
        (b"words", format!("it is text that begins with \"words\", {expected}")),
        (
            b"<!DOCTYPE html>\n<html>",
            format!("it is a web page, perhaps of an error: download the data again, {expected}"),
        ),
        (b"GIF89a..", format!("it is a GIF picture: save it as PNG, {expected}")),
        (b"\x93NUMPY\x01\0", format!("it is a NumPy array (.npy): write its bytes as IDX, {expected}")),
        (b"\x89PNG\r\n\x1a\nand no chunk of its own kind", "the PNG picture cannot be read: it is damaged".to_owned()),
        (b"\x02\x03\xff\xfe", format!("it is not a picture that can be read, {expected}")),
        (&whole[..whole.len() / 2], "the PNG picture is cut off: copy or download it again".to_owned()),
        (&huge, format!("the picture has 30000×30000 pixels, {too_large}")),
        (&wide, format!("the picture has 20000×20000 pixels, {too_large}")),
        (
            &encoded(ground, ImageFormat::Png),
            "nothing stands out from its ground (199), expected a subject that is lighter or darker".to_owned(),
        ),
        (
            &[0, 0, 8, 1, 0, 0, 0, 1, 5],
            "bad IDX magic 0x00000801, expected 0x00000803 for images; these are labels: are the files of images and \
             labels swapped?"
                .to_owned(),
        ),
    ] {
        fs::write(place.path("picture"), content).expect("there is room");
        assert_eq!(error(place.command(&["predict", "picture"])), format!("fitroom: picture: {words}"));
    }
    assert_eq!(error(place.command(&["predict", "runs"])), format!("fitroom: runs is a directory, {expected}"));
}

#[test]
fn what_can_be_shown_is_shown_beside_what_cannot() {
    let place = small();
    boot().save(place.path("boot.png")).expect("there is room");
    fs::write(place.path("bad.png"), "words").expect("there is room");
    write_split(&place.path("."), "broken", &FASHION.test.head(3));
    let file = File::options().write(true).open(place.path("broken-images-idx3-ubyte")).expect("it is there");
    file.set_len(1000).expect("it can be cut");
    let inputs =
        ["bad.png", "0", "nothing.png", "boot.png", "500", "99999999999999999999999", "broken-images-idx3-ubyte", "1"];
    for (form, shown) in [(&["--json"][..], 3), (&[], 0)] {
        let output = run(place.command(&[&["predict"], form, &inputs].concat()));
        assert_eq!(output.status.code(), Some(1));
        let (text, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let words: Vec<&str> = words.lines().collect();
        assert_eq!(words.len(), 5, "{words:?}");
        assert!(words[0].starts_with("fitroom: bad.png: "), "{words:?}");
        assert!(words[1].starts_with("fitroom: cannot read nothing.png: No such file"), "{words:?}");
        assert_eq!(words[2], "fitroom: there is no test image 500: expected 0 to 499");
        assert_eq!(words[3], "fitroom: there is no test image 99999999999999999999999: expected 0 to 499");
        assert!(words[4].starts_with("fitroom: broken-images-idx3-ubyte: ends too early: "), "{words:?}");
        if shown > 0 {
            assert_eq!(text.lines().count(), shown);
        } else {
            assert!(["Test image 0", "boot.png", "Test image 1"].iter().all(|title| text.contains(title)), "{text}");
            assert!(text.contains("140×140 → 28×28: grey, ground 255 subtracted, margins"), "{text}");
        }
    }
}

/// A command that gets these bytes on standard input.
fn fed(place: &Place, arguments: &[&str], input: &[u8]) -> Command {
    fs::write(place.path("input"), input).expect("there is room");
    let mut command = place.command(arguments);
    command.stdin(Stdio::from(File::open(place.path("input")).expect("it is there")));
    command
}

#[test]
fn a_picture_or_images_may_come_in_by_standard_input_once() {
    let place = small();
    let bytes = encoded(boot(), ImageFormat::Png);
    let found = lines(fed(&place, &["predict", "--json", "-"], &bytes));
    assert_eq!(found[0]["file"], "-");
    write_split(&place.path("."), "three", &FASHION.test.head(3));
    let images = fs::read(place.path("three-images-idx3-ubyte")).expect("it is there");
    let found = lines(fed(&place, &["predict", "--json", "-", "0"], &images));
    assert_eq!((found.len(), &found[2]["image"]), (4, &2.into()));
    assert_eq!(found[0]["probabilities"], found[3]["probabilities"]);
    let words = error(fed(&place, &["predict", "-", "-"], &bytes));
    assert_eq!(words, "fitroom: standard input can be read only once: give - once");
    let words = error(fed(&place, &["predict", "-"], b""));
    assert_eq!(words, "fitroom: -: the file is empty, expected a PNG, JPEG, WebP or IDX file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_s_name_may_be_any_bytes() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let place = small();
    let bytes = encoded(boot(), ImageFormat::Png);
    let name = OsStr::from_bytes(b"bad\xff.png");
    fs::write(place.directory.path().join(name), &bytes).expect("there is room");
    let mut command = place.command(&["predict", "--json"]);
    command.arg(name);
    assert_eq!(lines(command)[0]["file"], "bad\u{fffd}.png");
    for (name, shown) in [(&b"no\xff.png"[..], "no\\xff.png"), (b"two\nlines\x1b[2J.png", "two\\x0alines\\x1b[2J.png")]
    {
        let mut command = place.command(&["predict"]);
        command.arg(OsStr::from_bytes(name));
        let words = error(command);
        assert!(words.starts_with(&format!("fitroom: cannot read {shown}: No such file")), "{words}");
    }
    let mut command = place.command(&["evaluate", "--data"]);
    command.arg(OsStr::from_bytes(b"no\xff"));
    let words = error(command);
    assert!(words.starts_with("fitroom: no\\xff: found nothing, expected a directory"), "{words}");
    fs::rename(place.path("data"), place.directory.path().join(OsStr::from_bytes(b"data\xff"))).expect("it is there");
    let mut command = place.command(&["predict", "--json", "0", "--data"]);
    command.arg(OsStr::from_bytes(b"data\xff"));
    assert_eq!(lines(command)[0]["index"], 0);
}
