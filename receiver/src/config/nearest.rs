//! Suggestions for keys that nobody knows.

use super::keys::all;

/// Returns the known name that differs least from `name`, if one is near.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let limit = 2.max(name.len() / 4);
    let names = all().flat_map(|row| std::iter::once(&row.name).chain(row.aliases));
    // Texts differ at least by what one is longer. That spares most of the work.
    let names = names.filter(|known| known.len().abs_diff(name.len()) <= limit);
    let (distance, found) = names.map(|known| (distance(name, known), *known)).min()?;
    (distance <= limit).then_some(found)
}

/// Returns how many letters have to be changed, added or removed to turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    // A name that long is no typing error, and the work grows with the product of both lengths.
    if a.len() > 128 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_if_one_is_near() {
        assert_eq!(nearest("line.tcp.net.bindto"), Some("line.tcp.net.bind.to"));
        assert_eq!(nearest("http.pasword"), Some("http.password"));
        assert_eq!(nearest("cairo.sql.copy.root"), None);
        assert_eq!(nearest(&"x".repeat(100_000)), None);
        assert_eq!(
            [distance("", "ab"), distance("ab", "ab"), distance("kitten", "sitting")],
            [2, 0, 3]
        );
    }
}
