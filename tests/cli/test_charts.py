"""Charts are XML, hold what they were given, and draw it where their axes say."""

import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SPACE = "{http://www.w3.org/2000/svg}"
Element = ElementTree.Element


def number(element: Element, key: str) -> float:
    return float(element.attrib[key])


def has_class(element: Element, name: str) -> bool:
    return name in element.attrib.get("class", "").split()


class Charts(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([os.environ["MLFFGEN_DRAW_CHARTS"], folder], check=True)
            cls.charts = {path.stem: ElementTree.parse(path).getroot() for path in Path(folder).iterdir()}

    def all(self, chart: str, tag: str, of_class: str = "") -> list[Element]:
        found = self.charts[chart].iter(SPACE + tag)
        return [element for element in found if not of_class or has_class(element, of_class)]

    def texts(self, chart: str) -> list[str]:
        return ["".join(element.itertext()) for element in self.all(chart, "text")]

    def x_of_tick(self, chart: str, text: str) -> float:
        """Where the text stands that is centred below the axis."""
        found = [e for e in self.all(chart, "text") if e.text == text and e.attrib.get("text-anchor") == "middle"]
        self.assertEqual(len(found), 1, text)
        return number(found[0], "x")

    def y_of_tick(self, chart: str, text: str) -> float:
        found = [e for e in self.all(chart, "text") if e.text == text and e.attrib.get("text-anchor") == "end"]
        self.assertEqual(len(found), 1, text)
        return number(found[0], "y") - 4

    def markers(self, chart: str) -> list[tuple[float, float]]:
        """Those of points; those of the legend have no place of their own."""
        return [(number(e, "cx"), number(e, "cy")) for e in self.all(chart, "circle") if number(e, "cy") != 0]

    def test_every_chart_is_one_svg(self) -> None:
        self.assertEqual(len(self.charts), 7)
        for name, chart in self.charts.items():
            self.assertEqual(chart.tag, SPACE + "svg", name)
            self.assertEqual(chart.attrib["viewBox"], f"0 0 {chart.attrib['width']} {chart.attrib['height']}")
            style = self.all(name, "style")[0].text or ""
            self.assertIn("prefers-color-scheme:dark", style)
            self.assertNotIn("url(", style)

    def test_points_lie_where_the_axes_say(self) -> None:
        first, second = self.markers("roofline")  # the third lies outside
        self.assertAlmostEqual(first[0], self.x_of_tick("roofline", "1"), delta=0.2)
        self.assertAlmostEqual(first[1], self.y_of_tick("roofline", "10"), delta=0.2)
        self.assertAlmostEqual(second[0], self.x_of_tick("roofline", "100"), delta=0.2)
        self.assertAlmostEqual(second[1], self.y_of_tick("roofline", "10000"), delta=0.2)
        self.assertNotIn("outside", self.texts("roofline"))
        decade = self.y_of_tick("roofline", "10") - self.y_of_tick("roofline", "100")
        error = [e for e in self.all("roofline", "line", "error") if e.attrib["x1"] == e.attrib["x2"]]
        self.assertEqual(len(error), 1)
        self.assertAlmostEqual(number(error[0], "y1") - number(error[0], "y2"), decade * 0.60206, delta=0.3)

    def test_lines_are_clipped_to_the_frame(self) -> None:
        line = self.all("roofline", "polyline")[0]
        self.assertEqual(line.attrib["clip-path"], "url(#plot)")
        self.assertTrue(has_class(line, "dashed"))
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        self.assertEqual(len(points), 3)
        self.assertAlmostEqual(points[1][0], self.x_of_tick("roofline", "10"), delta=0.2)
        clip, frame = self.all("roofline", "clipPath")[0][0], self.all("roofline", "rect", "frame")[0]
        for key in ("x", "y", "width", "height"):
            self.assertEqual(clip.attrib[key], frame.attrib[key])

    def test_guides_cross_the_chart_with_their_text(self) -> None:
        guides = [e for e in self.all("roofline", "line", "guide")]
        places = {(e.attrib["x1"] == e.attrib["x2"]): e for e in guides}
        self.assertAlmostEqual(number(places[False], "y1"), self.y_of_tick("roofline", "1000"), delta=0.2)
        self.assertAlmostEqual(number(places[True], "x1"), self.x_of_tick("roofline", "10"), delta=0.2)
        self.assertIn("a ridge", self.texts("roofline"))
        self.assertNotIn("far outside", self.texts("roofline"))

    def test_the_legend_and_the_footnote_stand_below(self) -> None:
        frame = self.all("roofline", "rect", "frame")[0]
        bottom = number(frame, "y") + number(frame, "height")
        height = number(self.charts["roofline"], "height")
        below = [e.text or "" for e in self.all("roofline", "text") if bottom + 40 < number(e, "y") < height]
        self.assertEqual(below[:2], ["kernels", "limit"])
        self.assertGreater(len(below), 3)
        self.assertTrue(" ".join(below[2:]).startswith("measured with care") and below[-1].endswith("measurement"))

    def test_labels_of_near_points_do_not_meet(self) -> None:
        labels = [e for e in self.all("crowd", "text") if (e.text or "").startswith("kernel_")]
        self.assertEqual(len(labels), 12)
        places = [(number(e, "x"), number(e, "y"), 6.4 * len(e.text or "")) for e in labels]
        for k, (x, y, width) in enumerate(places):
            for other_x, other_y, other_width in places[:k]:
                apart = abs(y - other_y) >= 14 or x + width <= other_x or other_x + other_width <= x
                self.assertTrue(apart, (places[k], other_x, other_y))

    def bar_ends(self, chart: str) -> list[float]:
        bars = [e for e in self.all(chart, "rect") if any(has_class(e, f"s{k}") for k in range(2))]
        return [number(e, "x") + number(e, "width") for e in bars if e.attrib["x"] != "6"]

    def test_bars_end_at_their_values(self) -> None:
        for chart in ("bars", "logarithmic_bars"):
            small, theirs, large = self.bar_ends(chart)
            self.assertAlmostEqual(large, self.x_of_tick(chart, "100"), delta=0.3)
            if chart == "bars":
                zero = self.x_of_tick(chart, "0")
                self.assertAlmostEqual((small - zero) / (large - zero), 0.1, delta=0.002)
                self.assertAlmostEqual((theirs - zero) / (large - zero), 0.5, delta=0.002)
            else:
                decade = self.x_of_tick(chart, "100") - self.x_of_tick(chart, "10")
                self.assertAlmostEqual(large - small, decade, delta=0.3)
                self.assertAlmostEqual(large - theirs, decade * 0.30103, delta=0.3)
            for text in ("ours", "theirs", "small", "large", "5.0x", "target", "10"):
                self.assertIn(text, self.texts(chart))

    def test_texts_are_what_was_given(self) -> None:
        texts = self.texts("hostile")
        self.assertIn("<script>\"a\" & 'b'</script>    \N{REPLACEMENT CHARACTER} ångström", texts)
        for text in ("a < b & c", ']]> <!-- "', "</svg>", '<p a="b">', "<&>", "& <g>"):
            self.assertIn(text, texts)
        self.assertEqual(self.all("hostile", "script"), [])

    def test_a_chart_of_nothing_still_has_axes(self) -> None:
        self.assertGreater(len(self.all("empty", "line", "grid")), 3)
        self.assertEqual(len(self.all("empty_bars", "rect", "frame")), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
