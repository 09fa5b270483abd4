"""Pages for people: each is one self-contained HTML file, and together they share one frame."""
