//! What the fuzzers feed, a module a format, and the bound on memory that each is held to, to the byte. The modules are
//! part of `tests/fuzzed.rs` too.

pub mod arguments;
pub mod gzip;
pub mod idx;
pub mod keyboard;
pub mod labels;
pub mod metrics;
pub mod npy;
pub mod pictures;
pub mod run_json;
pub mod safetensors;
mod shown;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

pub use shown::check_shown;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes that are allocated now, and the most that were since [`within`] began.
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts what Rust code asks of it.
struct Counting;

impl Counting {
    fn add(size: usize) {
        let now = NOW.fetch_add(size, Relaxed) + size;
        MOST.fetch_max(now, Relaxed);
    }
}

// SAFETY: all four hand on to the system's allocator what they were given, and change nothing of what comes back.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size());
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        NOW.fetch_sub(layout.size(), Relaxed);
        Self::add(size);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// Does this, and holds it to so many bytes of memory at any moment, beside what was taken before. What grows in its
/// place counts once, as the system moves large blocks without a copy.
///
/// # Panics
/// When it took more.
pub fn within<T>(bound: usize, work: impl FnOnce() -> T) -> T {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let outcome = work();
    let most = MOST.load(Relaxed) - before;
    assert!(most <= bound, "took {most} bytes of memory, expected at most {bound}");
    outcome
}
