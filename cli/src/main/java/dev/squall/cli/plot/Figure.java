package dev.squall.cli.plot;

/** Something to look at in a page. */
public interface Figure {
    /** A {@code figure} element that needs nothing but the page's style. */
    String html();
}
