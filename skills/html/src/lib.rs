//! HTML to readable text, its links and its title.
