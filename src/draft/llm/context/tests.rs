//! Whole packs of small repositories, and what holds for every pack.

mod large;
mod odd;
mod repo;

use std::path::PathBuf;

use super::*;
use crate::diagnosis::Class;
use crate::draft::{Earlier, PastFix};
use repo::{Repo, estimate, shown};

fn python_shop() -> Repo {
    let long: String = (0..120).map(|index| format!("        step_{index} = {index}\n")).collect();
    let text = format!(
        "//- shop/cart.py
import os
from .money import rounded, Money

RATE = 0.19
UNUSED = 3


class Cart(Base):
    \"\"\"What is bought.\"\"\"

    limit: int = 10

    def __init__(self, items):
        self.items = items

    @property
    def total(self) -> Money:
        \"\"\"The price of all items.

        With tax.
        \"\"\"
        net = sum(item.price for item in self.items)
        return rounded(net * (1 - RATE))

    def other(self):
{long}
//- shop/money.py
class Money(float):
    pass


# Rounds to cents.
def rounded(value, digits=2):
    \"\"\"The value with two digits.\"\"\"
    return Money(round(value, digits))
//- shop/checkout.py
from shop.cart import Cart

def checkout(cart):
    cart = Cart(cart)
    log(1)
    log(2)
    return cart.total()
//- shop/api.py
from shop.checkout import checkout

def post(request):
    return checkout(request.cart)
//- tests/conftest.py
import pytest

@pytest.fixture
def cart():
    return Cart([Item(1)])

@pytest.fixture
def unused():
    pass
//- tests/test_cart.py
import pytest
from shop.cart import Cart

class TestCart:
    def setup_method(self):
        self.rate = 1

    @pytest.mark.parametrize('n', [1, 2])
    def test_total(self, cart, n):
        assert cart.total == 1.19

    def test_empty(self):
        assert Cart([]).total == 0
//- CONTRIBUTING.md
# How to contribute
Hello and thank you for coming here.
Please run `ruff format` before you commit anything.
"
    );
    Repo::new(&text)
        .fails(
            "tests/test_cart.py::TestCart::test_total[1]",
            "AssertionError: assert 0.81 == 1.19",
            &[("tests/test_cart.py", 10)],
        )
        .fails(
            "tests/test_cart.py::TestCart::test_total[2]",
            "AssertionError: assert 0.81 == 1.19",
            &[("tests/test_cart.py", 10)],
        )
        .suspects(&[("shop/cart.py", 23), ("shop/cart.py", 22)])
        .passes("tests/test_cart.py::TestCart::test_empty", "tests/test_cart.py")
        .changed(
            "shop/cart.py",
            23,
            "        return rounded(net * (1 + RATE))\n",
            "        return rounded(net * (1 - RATE))\n",
        )
}

fn react_board() -> Repo {
    let text = "//- web/Card.tsx
import { initials } from \"./names.js\";
import type { Card } from \"../shared/board.ts\";

const WIDTH = 3;

/** A card with its people. */
export function CardView({ card }: { card: Card }) {
  const onClick = () => {
    console.log(card.id);
  };
  return (
    <li onClick={onClick}>
      <Avatar name={initials(card.name, WIDTH)} />
    </li>
  );
}

const Avatar = ({ name }: { name: string }) => <b>{name}</b>;
//- web/names.ts
/** The first letters. */
export const initials = (name: string, most: number): string => {
  return name.split(\" \").map((word) => word[0]).join(\"\").slice(1, most);
};
//- shared/board.ts
export interface Card {
  id: number;
  name: string;
}
//- web/Board.tsx
import { CardView } from \"./Card.tsx\";

export const Board = ({ cards }) => {
  const shown = cards;
  return <ul>{shown.map((card) => <CardView card={card} />)}</ul>;
};
//- test/card.test.tsx
import { describe, it } from \"node:test\";
import { CardView } from \"../web/Card.tsx\";

const html = (card) => renderToString(<CardView card={card} />);

describe(\"CardView\", () => {
  const card = { id: 1, name: \"Uma Berg\" };

  it(\"shows who works on it\", () => {
    assert.match(html(card), /UB/);
  });

  it(\"shows nobody\", () => {
    assert.equal(html({ id: 1, name: \"\" }), \"\");
  });
});
";
    Repo::new(text)
        .fails(
            "test/card.test.tsx > CardView > shows who works on it",
            "The input did not match /UB/",
            &[("test/card.test.tsx", 10)],
        )
        .suspects(&[("web/Card.tsx", 13)])
}

#[test]
fn a_python_failure_is_packed_most_useful_first() {
    insta::assert_snapshot!(shown(&python_shop().pack(4_000)), @r#"
    === Failure: what failed
    class: code (90 % sure): a test fails in code that changed
    command: python -m pytest
    exit code: 1

    failing: tests/test_cart.py::TestCart::test_total[1]
    message:
      AssertionError: assert 0.81 == 1.19
    stack, innermost first:
      tests/test_cart.py:10
    equal failures: 1: tests/test_cart.py::TestCart::test_total[2]
    === FailingTest: tests/test_cart.py, TestCart.test_total (lines 8–10)
    import pytest
    from shop.cart import Cart

    class TestCart:
        def setup_method(self):
            self.rate = 1

        @pytest.mark.parametrize('n', [1, 2])
        def test_total(self, cart, n):
            assert cart.total == 1.19

        def test_empty(self):
            assert Cart([]).total == 0
    === FailingTest: tests/conftest.py, fixtures: cart
    # … 2 lines left out
    @pytest.fixture
    def cart():
        return Cart([Item(1)])
    # … 4 lines left out
    === PassingTest: tests/test_cart.py, TestCart.test_empty (lines 12–13), passes
    (shown with the failing test)
    === Suspect: shop/cart.py, Cart.total (lines 16–23); most suspicious: 22, 23
    import os
    from .money import rounded, Money

    RATE = 0.19
    # … 3 lines left out
    class Cart(Base):
        """What is bought."""

        limit: int = 10

        def __init__(self, items):
            self.items = items

        @property
        def total(self) -> Money:
            """The price of all items.

            With tax.
            """
            net = sum(item.price for item in self.items)
            return rounded(net * (1 - RATE))
        # … 123 lines left out
    === Neighbour: shop/money.py, rounded, Money: called by the suspects
    class Money(float):
        pass

    # Rounds to cents.
    def rounded(value, digits=2):
        """The value with two digits."""
        return Money(round(value, digits))
    === Neighbour: shop/checkout.py, checkout: calls the suspects
    # … 2 lines left out
    def checkout(cart):
        cart = Cart(cart)
        log(1)
        log(2)
        return cart.total()
    === Neighbour: shop/api.py, post: two calls away
    # … 2 lines left out
    def post(request):
        return checkout(request.cart)
    === SuspectDiff: what commit 0123456789ab changed (suspicion 100 %)
    message: Round down
    --- shop/cart.py
    +++ shop/cart.py
    @@ at line 23 @@
    -        return rounded(net * (1 + RATE))
    +        return rounded(net * (1 - RATE))
    === Rules: CONTRIBUTING.md (lines about style and tests)
    Please run `ruff format` before you commit anything.
    === files: ["shop/api.py", "shop/cart.py", "shop/checkout.py", "shop/money.py"]
    === left out: []
    "#);
}

#[test]
fn a_component_is_packed_with_its_types_and_who_shows_it() {
    insta::assert_snapshot!(shown(&react_board().pack(4_000)), @r#"
    === Failure: what failed
    class: code (90 % sure): a test fails in code that changed
    command: python -m pytest
    exit code: 1

    failing: test/card.test.tsx > CardView > shows who works on it
    message:
      The input did not match /UB/
    stack, innermost first:
      test/card.test.tsx:10
    === FailingTest: test/card.test.tsx, CardView > shows who works on it (lines 9–11)
    import { describe, it } from "node:test";
    import { CardView } from "../web/Card.tsx";

    const html = (card) => renderToString(<CardView card={card} />);

    describe("CardView", () => {
      const card = { id: 1, name: "Uma Berg" };

      it("shows who works on it", () => {
        assert.match(html(card), /UB/);
      });

      it("shows nobody", () => {
        assert.equal(html({ id: 1, name: "" }), "");
      });
    });
    === PassingTest: test/card.test.tsx, CardView > shows nobody (lines 13–15), not among the failing ones
    (shown with the failing test)
    === Suspect: web/Card.tsx, CardView (lines 6–16); most suspicious: 13
    import { initials } from "./names.js";
    import type { Card } from "../shared/board.ts";

    const WIDTH = 3;

    /** A card with its people. */
    export function CardView({ card }: { card: Card }) {
      const onClick = () => {
        console.log(card.id);
      };
      return (
        <li onClick={onClick}>
          <Avatar name={initials(card.name, WIDTH)} />
        </li>
      );
    }

    const Avatar = ({ name }: { name: string }) => <b>{name}</b>;
    === Neighbour: web/names.ts, initials: called by the suspects
    /** The first letters. */
    export const initials = (name: string, most: number): string => {
      return name.split(" ").map((word) => word[0]).join("").slice(1, most);
    };
    === Neighbour: shared/board.ts, Card: called by the suspects
    export interface Card {
      id: number;
      name: string;
    }
    === Neighbour: web/Board.tsx, Board: calls the suspects
    // … 2 lines left out
    export const Board = ({ cards }) => {
      const shown = cards;
      return <ul>{shown.map((card) => <CardView card={card} />)}</ul>;
    };
    === files: ["shared/board.ts", "web/Board.tsx", "web/Card.tsx", "web/names.ts"]
    === left out: []
    "#);
}

#[test]
fn a_small_budget_keeps_the_failure_and_the_suspicious_lines() {
    insta::assert_snapshot!(shown(&python_shop().pack(420)), @r#"
    === Failure: what failed
    class: code (90 % sure): a test fails in code that changed
    command: python -m pytest
    exit code: 1

    failing: tests/test_cart.py::TestCart::test_total[1]
    message:
      AssertionError: assert 0.81 == 1.19
    stack, innermost first:
      tests/test_cart.py:10
    equal failures: 1: tests/test_cart.py::TestCart::test_total[2]
    === FailingTest: tests/test_cart.py, TestCart.test_total (lines 8–10)
    import pytest
    from shop.cart import Cart

    class TestCart:
        def setup_method(self):
            self.rate = 1

        @pytest.mark.parametrize('n', [1, 2])
        def test_total(self, cart, n):
            assert cart.total == 1.19

        def test_empty(self):
            assert Cart([]).total == 0
    === FailingTest: tests/conftest.py, fixtures: cart
    # … 2 lines left out
    @pytest.fixture
    def cart():
        return Cart([Item(1)])
    # … 4 lines left out
    === Suspect: shop/cart.py, Cart.total (lines 16–23); most suspicious: 22, 23
    import os
    from .money import rounded, Money
    # … 5 lines left out
    class Cart(Base):
        # … 7 lines left out
        @property
        def total(self) -> Money:
            """The price of all items.

            With tax.
            """
            net = sum(item.price for item in self.items)
            return rounded(net * (1 - RATE))
        # … 123 lines left out
    === files: ["shop/cart.py"]
    === left out: ["no room: tests/test_cart.py, TestCart.test_empty (lines 12–13), passes", "no room: shop/money.py, rounded, Money: called by the suspects", "no room: shop/checkout.py, checkout: calls the suspects", "no room: shop/api.py, post: two calls away", "no room: what commit 0123456789ab changed (suspicion 100 %)", "no room: CONTRIBUTING.md (lines about style and tests)"]
    "#);
}
