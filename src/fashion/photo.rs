//! Any picture as an image of the data set's kind: 28×28, the ground 0 and full ink 255. Knows formats of files, not
//! files.

use std::io::{self, Cursor};

use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    imageops::{self, FilterType},
    metadata::Orientation,
};

use super::{PIXELS, SIDE};

/// The most pixels along a picture's side.
const LARGEST: u32 = 20_000;

/// Reads a picture (PNG, JPEG or WebP, of any size and colour): upright, in grey, fitted into 28×28 with its aspect kept and
/// the ground around it, and inverted where its ground is light, as a photograph's mostly is.
///
/// # Errors
/// When the bytes are no such picture, or one that is cut short or larger than 20,000 pixels a side.
pub fn read(bytes: &[u8]) -> Result<[u8; PIXELS], ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if reader.format() == Some(ImageFormat::Jpeg) && !is_whole_jpeg(bytes) {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    // A camera that was held upright says so, and leaves the turning to others.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let mut grey = opaque(&picture.into_luma_alpha8());
    if ground(&grey) > 127 {
        imageops::invert(&mut grey);
    }
    Ok(fitted(&grey))
}

/// Whether a JPEG file has an end, which its decoder does without. What comes before its image, perhaps a smaller one with an
/// end of its own, is passed over.
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
            // It is the decoder that says what else is wrong.
            rest => return !rest.is_empty(),
        }
    }
}

/// The picture with ground where it is transparent: as light as paper, or dark where its ink is light.
fn opaque(picture: &GrayAlphaImage) -> GrayImage {
    let (ink, weight) = picture.pixels().fold((0, 0_u64), |(ink, weight), pixel| {
        let [level, alpha] = pixel.0.map(u64::from);
        (ink + level * alpha, weight + alpha)
    });
    let ground = if ink / weight.max(1) > 127 { 0 } else { 255 };
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [level, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        [u8::try_from((level * alpha + ground * (255 - alpha)) / 255).expect("a mean of two bytes")].into()
    })
}

/// The ground's level: the mean of what lies along the edges.
fn ground(picture: &GrayImage) -> u64 {
    let (width, height) = picture.dimensions();
    let at_edge = |x: u32, y: u32| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    let (sum, count) = picture
        .enumerate_pixels()
        .filter(|(x, y, _)| at_edge(*x, *y))
        .fold((0, 0_u64), |(sum, count), (_, _, pixel)| (sum + u64::from(pixel.0[0]), count + 1));
    sum / count.max(1)
}

/// The picture in the middle of a dark ground, as large as it fits.
fn fitted(picture: &GrayImage) -> [u8; PIXELS] {
    let side = u32::try_from(SIDE).expect("28 is small");
    let (width, height) = picture.dimensions();
    let scaled = |length: u32| {
        let whole = u64::from(length) * u64::from(side) / u64::from(width.max(height).max(1));
        u32::try_from(whole).unwrap_or(side).clamp(1, side)
    };
    let small = imageops::resize(picture, scaled(width), scaled(height), FilterType::Triangle);
    let mut pixels = [0; PIXELS];
    let (left, top) = ((side - small.width()) / 2, (side - small.height()) / 2);
    for (x, y, pixel) in small.enumerate_pixels() {
        pixels[(y + top) as usize * SIDE + (x + left) as usize] = pixel.0[0];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

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

    fn at(pixels: &[u8; PIXELS], row: usize, column: usize) -> u8 {
        pixels[row * SIDE + column]
    }

    const WHITE: [u8; 4] = [255; 4];
    const BLACK: [u8; 4] = [0, 0, 0, 255];

    #[test]
    fn dark_on_light_and_light_on_dark_are_ink_on_ground() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            for (ground, ink) in [(WHITE, BLACK), (BLACK, WHITE)] {
                let pixels = read(&picture(200, 200, ground, ink, format)).expect("it is a picture");
                assert!(at(&pixels, 14, 14) > 250, "{format:?}: {}", at(&pixels, 14, 14));
                assert!(at(&pixels, 1, 1) < 5, "{format:?}: {}", at(&pixels, 1, 1));
            }
        }
    }

    #[test]
    fn a_picture_that_is_wide_or_high_keeps_its_aspect_with_ground_around() {
        let wide = read(&picture(280, 70, WHITE, BLACK, ImageFormat::Png)).expect("it is a picture");
        assert!(at(&wide, 13, 14) > 250 && at(&wide, 5, 14) == 0 && at(&wide, 22, 14) == 0);
        let high = read(&picture(7, 700, WHITE, BLACK, ImageFormat::Png)).expect("it is a picture");
        assert_eq!(at(&high, 14, 5), 0);
        read(&picture(1, 1, WHITE, WHITE, ImageFormat::Png)).expect("it is a picture");
    }

    #[test]
    fn what_is_transparent_is_ground() {
        let pixels = read(&picture(28, 28, [0; 4], BLACK, ImageFormat::Png)).expect("it is a picture");
        assert!(at(&pixels, 14, 14) == 255 && at(&pixels, 0, 0) == 0);
        let light = read(&picture(28, 28, [255, 255, 255, 0], WHITE, ImageFormat::Png)).expect("it is a picture");
        assert!(light == pixels, "light ink is lost where its ground is transparent");
    }

    #[test]
    fn a_picture_that_was_taken_with_the_camera_on_its_side_is_turned() {
        let upright = picture(280, 70, WHITE, BLACK, ImageFormat::Jpeg);
        // EXIF with one entry: orientation 6, a quarter turn to the right.
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let turned = [&upright[..2], exif, &upright[2..]].concat();
        let [upright, turned] = [upright, turned].map(|bytes| read(&bytes).expect("it is a picture"));
        assert!(at(&upright, 13, 9) > 200 && at(&upright, 9, 13) < 50);
        assert!(at(&turned, 13, 9) < 50 && at(&turned, 9, 13) > 200);
    }

    #[test]
    fn bytes_that_are_no_picture_and_pictures_cut_short_are_an_error() {
        for bytes in [&b""[..], b"hello", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xff"] {
            assert!(read(bytes).is_err());
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let whole = picture(200, 200, WHITE, BLACK, format);
            for end in [whole.len() / 2, whole.len() - 20] {
                let error = read(&whole[..end]).expect_err("it is cut short");
                assert!(!error.to_string().contains('\n'), "{format:?}: {error}");
            }
        }
    }
}
