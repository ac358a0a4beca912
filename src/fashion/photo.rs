//! Any picture as an image of the data set's kind: 28×28, the ground 0 and full ink 255. Knows formats of files, not
//! files.

use std::io::Cursor;

use image::{
    GrayImage, ImageError, ImageReader, Limits,
    imageops::{self, FilterType},
};

use super::{PIXELS, SIDE};

/// The most pixels along a picture's side.
const LARGEST: u32 = 20_000;

/// Reads a picture (PNG, JPEG or WebP, of any size and colour): in grey, fitted into 28×28 with its aspect kept and the ground
/// around it, and inverted where its ground is light, as a photograph's mostly is.
///
/// # Errors
/// When the bytes are no such picture, or one that is cut short or larger than 20,000 pixels a side.
#[expect(clippy::missing_panics_doc, reason = "the mean of two bytes is a byte")]
pub fn read(bytes: &[u8]) -> Result<[u8; PIXELS], ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    reader.limits(limits);
    let picture = reader.decode()?.into_luma_alpha8();
    // What is transparent is ground, and as light as paper.
    let mut grey = GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [level, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        [u8::try_from((level * alpha + 255 * (255 - alpha)) / 255).expect("a mean of two bytes")].into()
    });
    if ground(&grey) > 127 {
        imageops::invert(&mut grey);
    }
    Ok(fitted(&grey))
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
    }

    #[test]
    fn bytes_that_are_no_picture_are_an_error() {
        let whole = picture(28, 28, WHITE, BLACK, ImageFormat::Png);
        for bytes in [&b""[..], b"hello", &whole[..whole.len() / 2]] {
            assert!(read(bytes).is_err());
        }
    }
}
