from itertools import pairwise

from pixelproof.explain.page.article import article_designs, convolved, deeper_designs


def test_the_articles_parameter_counts() -> None:
    """The page explains them; 219,801 is the article's own, and 438,842 what its listing really builds."""
    designs = article_designs()
    assert [design.parameters for design in designs] == [219_801, 438_842, 270_001, 13_500_101, 27_000_201]
    assert designs[0].formula == "(5*5*3 + 1)*10 + (219040 + 1)*1"


def test_more_blocks_need_fewer_parameters_until_little_is_left_to_flatten() -> None:
    """The article says fewer with every block; the fifth adds more than it saves, and the page says so."""
    designs = deeper_designs()
    counts = [design.parameters for design in designs]
    assert all(more < fewer for fewer, more in pairwise(counts[:4]))
    assert counts[4] > counts[3]
    assert designs[0].says == "300 → 296 → 148"


def test_the_articles_two_examples_of_output_size() -> None:
    """Depth is the number of filters; 5 x 5 takes four rows and columns, 3 x 3 takes two."""
    assert convolved((32, 32, 3), filters=10, kernel=5)[0] == (28, 28, 10)
    assert convolved((32, 32, 3), filters=10, kernel=3)[0] == (30, 30, 10)
