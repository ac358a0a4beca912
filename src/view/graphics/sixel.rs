//! Sixel (DEC STD 070, chapter 9): pixels as text, six rows of them at a time. Knows no other protocol.
//!
//! Each row of cells is an image of its own, so that a row can be drawn over, and drawn again, without the others.

use std::fmt::Write;

use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};

use super::raster::{Raster, put};
use crate::fashion::SIDE;

/// How many colours a picture has: as many as every terminal with Sixel holds, and few enough for a slow connection.
const COLOURS: u8 = 16;

/// Pixel rows that one character says of a column.
const BAND: u16 = 6;

/// A cell that an image covers: the cursor passes over it, and leaves it as it is.
const COVERED: &str = "\x1b[C";

/// A place between two of the 28 pixels along a side.
#[derive(Clone, Copy)]
struct Between {
    before: usize,
    after: usize,
    /// How much of the second there is, of 256.
    part: u32,
}

/// Draws an image. Returns whether it was possible.
pub fn draw<C: Fn(u8) -> [u8; 3]>(raster: &Raster<C>, cell: Size, cells: Rect, buffer: &mut Buffer) -> bool {
    let (width, height) = (cells.width.saturating_mul(cell.width), cells.height.saturating_mul(cell.height));
    let columns: Vec<Between> = (0..width).map(|column| between(column, width)).collect();
    for row in 0..cells.height {
        let (top, bottom) = (row * cell.height, (row + 1) * cell.height);
        let places: Vec<Between> = (top..bottom.min(height)).map(|row| between(row, height)).collect();
        let strip = strip(raster, &places, &columns);
        // What stood there would show wherever the cells are a little larger than the pixels.
        let first = format!("\x1b[{}X\x1b7{strip}\x1b8{COVERED}", cells.width);
        for column in 0..cells.width {
            let symbol = if column == 0 { &first } else { COVERED };
            put(buffer, (cells.x + column, cells.y + row), symbol);
        }
    }
    true
}

/// Where a pixel of so many lies among the 28: its middle between their middles.
fn between(place: u16, of: u16) -> Between {
    let (last, of) = (SIDE - 1, usize::from(of.max(1)));
    // In 512ths of one of the 28: (place + ½) · 28 / of - ½.
    let at = ((2 * usize::from(place) + 1) * SIDE * 256 / of).saturating_sub(256);
    let before = (at / 512).min(last);
    let part = if before == last { 0 } else { u32::try_from(at % 512 / 2).unwrap_or(0) };
    Between { before, after: (before + 1).min(last), part }
}

/// The number of the colour at this place: the level between the four around it, in few steps.
fn colour<C>(raster: &Raster<C>, row: Between, column: Between) -> u8 {
    let level = |row: usize, column: usize| u32::from(raster.levels[row * SIDE + column]);
    let mixed = |from: u32, to: u32, part: u32| from * (256 - part) + to * part;
    let upper = mixed(level(row.before, column.before), level(row.before, column.after), column.part);
    let lower = mixed(level(row.after, column.before), level(row.after, column.after), column.part);
    let level = mixed(upper, lower, row.part) >> 16;
    u8::try_from((level * u32::from(COLOURS - 1) + 127) / 255).unwrap_or(COLOURS - 1)
}

/// These rows of pixels as an image.
fn strip<C: Fn(u8) -> [u8; 3]>(raster: &Raster<C>, rows: &[Between], columns: &[Between]) -> String {
    let colours: Vec<Vec<u8>> =
        rows.iter().map(|row| columns.iter().map(|column| colour(raster, *row, *column)).collect()).collect();
    // What is not set stays as it is, so that the last band ends with the strip.
    let mut image = format!("\x1bP0;1q\"1;1;{};{}", columns.len(), rows.len());
    for number in used(&colours) {
        let level = u16::from(number) * 255 / u16::from(COLOURS - 1);
        let [red, green, blue] = (raster.colour)(u8::try_from(level).unwrap_or(u8::MAX)).map(percent);
        put_words(&mut image, format_args!("#{number};2;{red};{green};{blue}"));
    }
    for (index, band) in colours.chunks(usize::from(BAND)).enumerate() {
        if index > 0 {
            image.push('-');
        }
        let mut sixels = vec![vec![0; columns.len()]; usize::from(COLOURS)];
        for (row, numbers) in band.iter().enumerate() {
            for (column, number) in numbers.iter().enumerate() {
                sixels[usize::from(*number)][column] |= 1 << row;
            }
        }
        for (index, number) in used(band).enumerate() {
            if index > 0 {
                image.push('$');
            }
            put_words(&mut image, format_args!("#{number}"));
            push_runs(&mut image, &sixels[usize::from(number)]);
        }
    }
    image.push_str("\x1b\\");
    image
}

/// The numbers of the colours in these rows, in their order.
fn used(rows: &[Vec<u8>]) -> impl Iterator<Item = u8> {
    let mut is_used = [false; COLOURS as usize];
    for number in rows.iter().flatten() {
        is_used[usize::from(*number)] = true;
    }
    (0..COLOURS).filter(move |number| is_used[usize::from(*number)])
}

/// Appends six pixels a character, runs of the same ones shortened, and none that set nothing at the end.
fn push_runs(image: &mut String, sixels: &[u8]) {
    let end = sixels.iter().rposition(|sixel| *sixel != 0).map_or(0, |last| last + 1);
    for run in sixels[..end].chunk_by(|one, other| one == other) {
        let (character, count) = (char::from(b'?' + run[0]), run.len());
        if count > 3 {
            put_words(image, format_args!("!{count}{character}"));
        } else {
            image.extend(std::iter::repeat_n(character, count));
        }
    }
}

/// A channel's part of the whole, as Sixel has it.
fn percent(channel: u8) -> u16 {
    (u16::from(channel) * 100 + 127) / 255
}

fn put_words(image: &mut String, words: std::fmt::Arguments) {
    image.write_fmt(words).expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::{super::raster::tests::*, *};

    const CELL: Size = Size { width: 7, height: 15 };

    fn drawn(raster: &Raster<fn(u8) -> [u8; 3]>, cells: Rect) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 40));
        assert!(draw(raster, CELL, cells, &mut buffer), "{cells}");
        buffer
    }

    /// The pixels of a strip as a terminal reads it, in percent.
    fn read(symbol: &str) -> Vec<Vec<[u16; 3]>> {
        let (_, image) = symbol.split_once("\x1bP0;1q\"1;1;").expect("there is an image");
        let (image, after) = image.split_once("\x1b\\").expect("it ends");
        assert_eq!(after, "\x1b8\x1b[C", "the cursor goes on to the next cell");
        let (size, image) = image.split_once('#').expect("there are colours");
        let (width, height) = size.split_once(';').expect("two sides");
        let (width, height): (usize, usize) = (width.parse().expect("a number"), height.parse().expect("a number"));
        let mut pixels = vec![vec![None; width]; height];
        let mut colours = std::collections::BTreeMap::new();
        let (mut top, mut column, mut colour) = (0, 0, [0; 3]);
        let mut rest = &format!("#{image}")[..];
        let number = |rest: &mut &str| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            *rest = after;
            number.parse::<u16>().expect("a number")
        };
        while let Some(letter) = rest.chars().next() {
            rest = &rest[1..];
            let mut count = 1;
            let sixel = match letter {
                '#' => {
                    let name = number(&mut rest);
                    if let Some(channels) = rest.strip_prefix(";2") {
                        rest = channels;
                        let channels = std::array::from_fn(|_| {
                            rest = rest.strip_prefix(';').expect("a channel");
                            number(&mut rest)
                        });
                        colours.insert(name, channels);
                    } else {
                        colour = colours[&name];
                    }
                    continue;
                }
                '$' => {
                    column = 0;
                    continue;
                }
                '-' => {
                    (column, top) = (0, top + 6);
                    continue;
                }
                '!' => {
                    count = number(&mut rest);
                    let sixel = rest.chars().next().expect("what is repeated");
                    rest = &rest[1..];
                    sixel
                }
                sixel => sixel,
            };
            let bits = sixel as u32 - 63;
            for _ in 0..count {
                for row in (0..6).filter(|row| bits >> row & 1 == 1) {
                    assert_eq!(pixels[top + row][column].replace(colour), None, "a pixel is drawn once");
                }
                column += 1;
            }
        }
        assert!(colours.len() <= 16, "{} colours", colours.len());
        pixels
            .into_iter()
            .map(|row| row.into_iter().map(|pixel| pixel.expect("each pixel is drawn")).collect())
            .collect()
    }

    #[test]
    fn each_row_of_cells_is_an_image_of_its_own_and_all_together_the_picture() {
        for raster in [grey(), coloured()] {
            let buffer = drawn(&raster, Rect::new(1, 2, 28, 14));
            let mut pixels = Vec::new();
            for row in 2..16 {
                let strip = read(buffer[(1, row)].symbol());
                assert_eq!((strip.len(), strip[0].len()), (15, 28 * 7), "row {row}");
                pixels.extend(strip);
                assert!((2..29).all(|column| buffer[(column, row)].symbol() == "\x1b[C"), "row {row}");
            }
            // The middle of a pixel of the image has its level, in sixteen steps.
            for row in 0..SIDE {
                for column in 0..SIDE {
                    let drawn = pixels[(2 * row + 1) * 14 * 15 / 56][column * 7 + 3];
                    let level = raster.levels[row * SIDE + column];
                    let near = (0..=255_u8).filter(|other| other.abs_diff(level) <= 17);
                    let near: Vec<[u16; 3]> = near.map(|level| (raster.colour)(level).map(percent)).collect();
                    assert!(near.contains(&drawn), "{drawn:?} for {level} at {column},{row}");
                }
            }
        }
    }

    #[test]
    fn between_two_pixels_the_levels_rise_evenly() {
        let raster = Raster::new(|_, column| if column < 14 { 0 } else { 255 }, |level| [level; 3]);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 28, 14));
        assert!(draw(&raster, Size::new(16, 6), Rect::new(0, 0, 28, 14), &mut buffer));
        let row: Vec<u16> = read(buffer[(0, 0)].symbol())[0].iter().map(|[red, ..]| *red).collect();
        assert!(row.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 7), "{row:?}");
        assert_eq!((row[0], row[14 * 16 - 9], row[14 * 16 + 8], row[28 * 16 - 1]), (0, 0, 100, 100));
    }

    #[test]
    fn an_image_that_stays_is_not_sent_again_and_of_another_one_only_what_differs() {
        let before = drawn(&grey(), Rect::new(1, 2, 28, 14));
        assert!(before.diff(&drawn(&grey(), Rect::new(1, 2, 28, 14))).is_empty());
        let mut other = grey();
        other.levels[..SIDE].fill(0);
        let after = drawn(&other, Rect::new(1, 2, 28, 14));
        assert_eq!(before.diff(&after).iter().map(|(x, y, _)| (*x, *y)).collect::<Vec<_>>(), [(1, 2)]);
    }
}
