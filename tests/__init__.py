"""The tests. They are flat: a file per subject; pages in `browser/`, speed in `bench/`."""
