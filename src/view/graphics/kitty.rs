//! kitty's graphics protocol (<https://sw.kovidgoyal.net/kitty/graphics-protocol/>): an image is sent once, and drawn
//! wherever the cells are its placeholders (U+10EEEE), whose colour is the image's number. Knows no other protocol.
//!
//! The terminal gets the 28×28 pixels and makes them as large as the cells, with the colours between them.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ratatui::{buffer::Buffer, layout::Rect, style::Color};

use super::raster::{Raster, put};
use crate::fashion::SIDE;

/// The character that stands for a part of an image. It takes its place in the image from the cell to its left, unless
/// marks above it say which it is.
const PLACEHOLDER: char = '\u{10eeee}';

/// The most bytes of an image that may be sent in one piece.
const MOST: usize = 4096;

/// Images have numbers from here on, so that they are told from those of other programs.
const FIRST: u32 = 0x8000_0000;

/// Ends what was cut short, and removes the images of these numbers, wherever they are. `q=2`: there is to be no
/// answer, here as everywhere.
pub const FORGET: &str = "\x1b\\\x1b_Ga=d,d=R,x=2147483648,y=4294967295,q=2\x1b\\";

/// Draws an image. Returns whether it was possible: there are marks for so many rows only.
pub fn draw<C: Fn(u8) -> [u8; 3]>(raster: &Raster<C>, cells: Rect, buffer: &mut Buffer) -> bool {
    let Some(png) = png(raster) else { return false };
    let data = BASE64_STANDARD.encode(&png);
    if usize::from(cells.height) > MARKS.len() || data.len() > MOST {
        return false;
    }
    let number = number(&png, cells);
    let [high, red, green, blue] = number.to_be_bytes();
    for row in 0..cells.height {
        for column in 0..cells.width {
            let symbol = match (row, column) {
                (0, 0) => sent(number, cells, &data) + &marked(row, high),
                (_, 0) => marked(row, high),
                _ => PLACEHOLDER.to_string(),
            };
            if let Some(cell) = put(buffer, (cells.x + column, cells.y + row), &symbol) {
                cell.set_fg(Color::Rgb(red, green, blue));
            }
        }
    }
    true
}

/// The image's number, from what it shows and how large: another image never has the number of one that the terminal
/// has.
fn number(png: &[u8], cells: Rect) -> u32 {
    let mut hasher = DefaultHasher::new();
    (png, cells.width, cells.height).hash(&mut hasher);
    let [first, second, third, fourth, ..] = hasher.finish().to_be_bytes();
    FIRST | u32::from_be_bytes([first, second, third, fourth])
}

/// What sends an image, to be drawn in so many cells.
fn sent(number: u32, cells: Rect, data: &str) -> String {
    let Rect { width, height, .. } = cells;
    format!("\x1b_Ga=T,U=1,q=2,f=100,i={number},c={width},r={height};{data}\x1b\\")
}

/// The first placeholder of a row: marks say the row, the column and the highest byte of the image's number.
fn marked(row: u16, high: u8) -> String {
    let mark = |place: usize| MARKS.get(place).copied().and_then(|mark| char::from_u32(mark.into()));
    let marks = [usize::from(row), 0, usize::from(high)].into_iter().filter_map(mark);
    [PLACEHOLDER].into_iter().chain(marks).collect()
}

/// The pixels as PNG: grey where all of them are.
fn png<C: Fn(u8) -> [u8; 3]>(raster: &Raster<C>) -> Option<Vec<u8>> {
    let pixels: Vec<[u8; 3]> = raster.levels.iter().map(|level| (raster.colour)(*level)).collect();
    let is_grey = pixels.iter().all(|[red, green, blue]| red == green && green == blue);
    let side = u32::try_from(SIDE).ok()?;
    let mut png = Vec::new();
    let (bytes, colours) = if is_grey {
        (pixels.iter().map(|[grey, ..]| *grey).collect(), ExtendedColorType::L8)
    } else {
        (pixels.into_flattened(), ExtendedColorType::Rgb8)
    };
    PngEncoder::new(&mut png).write_image(&bytes, side, side, colours).ok()?;
    Some(png)
}

/// The marks that stand for 0, 1, 2 and so on, as far as a byte goes (the protocol's list, `rowcolumn-diacritics.txt`).
#[rustfmt::skip]
static MARKS: [u16; 256] = [
    0x0305, 0x030d, 0x030e, 0x0310, 0x0312, 0x033d, 0x033e, 0x033f, 0x0346, 0x034a, 0x034b, 0x034c, 0x0350, 0x0351,
    0x0352, 0x0357, 0x035b, 0x0363, 0x0364, 0x0365, 0x0366, 0x0367, 0x0368, 0x0369, 0x036a, 0x036b, 0x036c, 0x036d,
    0x036e, 0x036f, 0x0483, 0x0484, 0x0485, 0x0486, 0x0487, 0x0592, 0x0593, 0x0594, 0x0595, 0x0597, 0x0598, 0x0599,
    0x059c, 0x059d, 0x059e, 0x059f, 0x05a0, 0x05a1, 0x05a8, 0x05a9, 0x05ab, 0x05ac, 0x05af, 0x05c4, 0x0610, 0x0611,
    0x0612, 0x0613, 0x0614, 0x0615, 0x0616, 0x0617, 0x0657, 0x0658, 0x0659, 0x065a, 0x065b, 0x065d, 0x065e, 0x06d6,
    0x06d7, 0x06d8, 0x06d9, 0x06da, 0x06db, 0x06dc, 0x06df, 0x06e0, 0x06e1, 0x06e2, 0x06e4, 0x06e7, 0x06e8, 0x06eb,
    0x06ec, 0x0730, 0x0732, 0x0733, 0x0735, 0x0736, 0x073a, 0x073d, 0x073f, 0x0740, 0x0741, 0x0743, 0x0745, 0x0747,
    0x0749, 0x074a, 0x07eb, 0x07ec, 0x07ed, 0x07ee, 0x07ef, 0x07f0, 0x07f1, 0x07f3, 0x0816, 0x0817, 0x0818, 0x0819,
    0x081b, 0x081c, 0x081d, 0x081e, 0x081f, 0x0820, 0x0821, 0x0822, 0x0823, 0x0825, 0x0826, 0x0827, 0x0829, 0x082a,
    0x082b, 0x082c, 0x082d, 0x0951, 0x0953, 0x0954, 0x0f82, 0x0f83, 0x0f86, 0x0f87, 0x135d, 0x135e, 0x135f, 0x17dd,
    0x193a, 0x1a17, 0x1a75, 0x1a76, 0x1a77, 0x1a78, 0x1a79, 0x1a7a, 0x1a7b, 0x1a7c, 0x1b6b, 0x1b6d, 0x1b6e, 0x1b6f,
    0x1b70, 0x1b71, 0x1b72, 0x1b73, 0x1cd0, 0x1cd1, 0x1cd2, 0x1cda, 0x1cdb, 0x1ce0, 0x1dc0, 0x1dc1, 0x1dc3, 0x1dc4,
    0x1dc5, 0x1dc6, 0x1dc7, 0x1dc8, 0x1dc9, 0x1dcb, 0x1dcc, 0x1dd1, 0x1dd2, 0x1dd3, 0x1dd4, 0x1dd5, 0x1dd6, 0x1dd7,
    0x1dd8, 0x1dd9, 0x1dda, 0x1ddb, 0x1ddc, 0x1ddd, 0x1dde, 0x1ddf, 0x1de0, 0x1de1, 0x1de2, 0x1de3, 0x1de4, 0x1de5,
    0x1de6, 0x1dfe, 0x20d0, 0x20d1, 0x20d4, 0x20d5, 0x20d6, 0x20d7, 0x20db, 0x20dc, 0x20e1, 0x20e7, 0x20e9, 0x20f0,
    0x2cef, 0x2cf0, 0x2cf1, 0x2de0, 0x2de1, 0x2de2, 0x2de3, 0x2de4, 0x2de5, 0x2de6, 0x2de7, 0x2de8, 0x2de9, 0x2dea,
    0x2deb, 0x2dec, 0x2ded, 0x2dee, 0x2def, 0x2df0, 0x2df1, 0x2df2, 0x2df3, 0x2df4, 0x2df5, 0x2df6, 0x2df7, 0x2df8,
    0x2df9, 0x2dfa, 0x2dfb, 0x2dfc, 0x2dfd, 0x2dfe, 0x2dff, 0xa66f, 0xa67c, 0xa67d, 0xa6f0, 0xa6f1, 0xa8e0, 0xa8e1,
    0xa8e2, 0xa8e3, 0xa8e4, 0xa8e5,];

#[cfg(test)]
mod tests {
    use super::{super::raster::tests::*, *};

    const CELLS: Rect = Rect { x: 1, y: 2, width: 28, height: 14 };

    fn drawn(raster: &Raster<fn(u8) -> [u8; 3]>, cells: Rect) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 40));
        assert!(draw(raster, cells, &mut buffer), "{cells}");
        buffer
    }

    /// The image that a cell sends: what it says of it, and its pixels.
    fn sent(symbol: &str) -> (String, Vec<[u8; 3]>) {
        let command = symbol.strip_prefix("\x1b_G").expect("it begins with the image");
        let (command, _) = command.split_once("\x1b\\").expect("the image ends");
        let (keys, data) = command.split_once(';').expect("there are pixels");
        let png = BASE64_STANDARD.decode(data).expect("they are base64");
        let image = image::load_from_memory(&png).expect("they are a picture").to_rgb8();
        assert_eq!(image.dimensions(), (28, 28));
        (keys.to_owned(), image.pixels().map(|pixel| pixel.0).collect())
    }

    #[test]
    fn the_terminal_gets_the_very_pixels_and_as_many_cells_as_half_blocks_take() {
        for raster in [grey(), coloured()] {
            let buffer = drawn(&raster, CELLS);
            let (keys, pixels) = sent(buffer[(1, 2)].symbol());
            assert_eq!(pixels, raster.levels.map(raster.colour));
            let Color::Rgb(red, green, blue) = buffer[(1, 2)].fg else { panic!("{:?}", buffer[(1, 2)]) };
            let keys: Vec<&str> = keys.split(',').collect();
            let number = keys.iter().find_map(|key| key.strip_prefix("i=")).expect("it has a number");
            let [high, low @ ..] = number.parse::<u32>().expect("a number").to_be_bytes();
            assert_eq!((high >> 7, low), (1, [red, green, blue]));
            for key in ["a=T", "U=1", "q=2", "f=100", "c=28", "r=14"] {
                assert!(keys.contains(&key), "{key} in {keys:?}");
            }
            let mark = char::from_u32(MARKS[usize::from(high)].into()).expect("a mark is a character");
            let first = format!("{PLACEHOLDER}\u{30d}\u{305}{mark}");
            assert_eq!(buffer[(1, 3)].symbol(), first, "row 1, column 0, the number's highest byte");
            for (column, row) in [(2, 2), (28, 2), (2, 15), (28, 15)] {
                let cell = &buffer[(column, row)];
                assert_eq!((cell.symbol(), cell.fg), ("\u{10eeee}", Color::Rgb(red, green, blue)), "{column},{row}");
            }
            assert_eq!((buffer[(29, 2)].symbol(), buffer[(1, 16)].symbol()), (" ", " "), "nothing is drawn beside it");
        }
    }

    #[test]
    fn an_image_that_stays_is_not_sent_again_and_another_one_has_another_number() {
        let before = drawn(&grey(), CELLS);
        assert!(before.diff(&drawn(&grey(), CELLS)).is_empty());
        let changed = drawn(&Raster { levels: grey().levels.map(|level| level ^ 1), ..grey() }, CELLS);
        let larger = drawn(&grey(), Rect { width: 56, height: 28, ..CELLS });
        for after in [changed, larger] {
            assert_ne!(before[(1, 2)].fg, after[(1, 2)].fg);
            let cells = before.diff(&after);
            assert_eq!(cells.iter().filter(|(.., cell)| cell.symbol().contains("\x1b_G")).count(), 1);
            assert!(cells.len() >= 28 * 14, "each cell belongs to another image: {}", cells.len());
        }
    }

    #[test]
    fn what_has_more_rows_than_there_are_marks_is_left_to_half_blocks() {
        let area = Rect::new(0, 0, 1, 257);
        let mut buffer = Buffer::empty(area);
        assert!(!draw(&grey(), area, &mut buffer));
        assert_eq!(buffer, Buffer::empty(area));
    }
}
