//! The dashboard's state: what the person sees and where they stand. Draws nothing and waits for nothing.
