//! A trend in a line of a list: small bars, without axes.

use super::Picture;

/// More bars than this cannot be told apart: only the last so many are drawn.
const MOST: usize = 120;
const HEIGHT: i64 = 24;

/// Small bars, one a value, the newest at the right; below 0 is drawn as 0. `label` says what they are (`Events a day, for
/// 14 days: 3 to 120`): it is the picture's name for those who do not see it, and its tooltip.
///
/// 96 × 24 pixels, and some 12 bytes a bar.
pub(crate) fn spark(values: &[i64], label: &str) -> Picture {
    let values = &values[values.len().saturating_sub(MOST)..];
    let most = values.iter().copied().max().unwrap_or_default().max(1);
    let width = 4 * values.len().max(1);
    let mut picture = Picture::default();
    // Bars are 3 of 4 units wide, however many: the picture is stretched to its width.
    picture.draw(format_args!(
        r#"<svg class="spark" role="img" width="96" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none"><title>"#
    ));
    picture.text(label).raw("</title>");
    picture.draw(format_args!(r#"<path class="ground" d="M0 {HEIGHT}v-1h{width}v1z"/>"#));
    picture.raw(r#"<path class="trend" d=""#);
    for (at, value) in values.iter().enumerate() {
        let height = height(*value, most);
        if height > 0 {
            picture.draw(format_args!("M{} {HEIGHT}v-{height}h3v{height}z", 4 * at));
        }
    }
    picture.raw(r#""/></svg>"#);
    picture
}

/// Of a bar: whatever is not 0 can be seen.
fn height(value: i64, most: i64) -> i64 {
    if value <= 0 {
        return 0;
    }
    let height = i128::from(value) * i128::from(HEIGHT) / i128::from(most);
    i64::try_from(height).unwrap_or(HEIGHT).clamp(2, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_highest() {
        let picture = spark(&[0, 6, 12, -3], "Events <a day>");
        assert_eq!(
            picture.as_str(),
            "<svg class=\"spark\" role=\"img\" width=\"96\" height=\"24\" viewBox=\"0 0 16 24\" \
             preserveAspectRatio=\"none\"><title>Events &lt;a day&gt;</title>\
             <path class=\"ground\" d=\"M0 24v-1h16v1z\"/>\
             <path class=\"trend\" d=\"M4 24v-12h3v12zM8 24v-24h3v24z\"/></svg>"
        );
    }

    #[test]
    fn none_one_and_the_largest_are_drawn() {
        assert!(spark(&[], "").as_str().contains(r#"class="trend" d="""#));
        assert!(spark(&[i64::MIN, 0], "").as_str().contains(r#"class="trend" d="""#));
        assert!(spark(&[i64::MAX], "").as_str().contains("M0 24v-24h3v24z"));
        // One of a million can be seen.
        assert!(spark(&[1, 1_000_000], "").as_str().contains("M0 24v-2h3v2z"));
        assert_eq!(spark(&[1; 500], "").as_str().matches('M').count(), MOST + 1);
    }
}
