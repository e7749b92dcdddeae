package dev.squall.cli.plot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** A page that is put together from top to bottom and then written. */
public final class HtmlPage {
    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>@title@</title>
            <style>
            :root { --paper: #fff; --ink: #1b1f24; --dim: #59636e; --rule: #d9dee3; --cell: #0b5cad; --more: #0004;
              --s0: #0b62b8; --s1: #c2570c; --s2: #0e7c5a; --s3: #8b3fae; }
            @media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e4e7ea; --dim: #9aa4ae;
              --rule: #343b42; --cell: #7cc0ff; --more: #fff5;
              --s0: #63b3ff; --s1: #ff9d57; --s2: #4fd0a3; --s3: #d29bf0; } }
            body { margin: 2rem auto; max-width: 50rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
              font: 15px/1.5 system-ui, sans-serif; }
            h1 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
            h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
            p { color: var(--dim); margin: .3rem 0; overflow-wrap: anywhere; }
            .wide { overflow-x: auto; background:
                linear-gradient(to left, var(--paper) 1rem, transparent) right / 3rem 100% no-repeat local,
                linear-gradient(to left, var(--more), transparent) right / .8rem 100% no-repeat scroll; }
            table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
            th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid var(--rule); }
            th { color: var(--dim); font-weight: normal; } td { white-space: nowrap; }
            th:first-child, td:first-child { text-align: left; padding-left: 0; }
            .facts td { text-align: left; vertical-align: top; white-space: normal; overflow-wrap: anywhere; }
            .facts td:first-child { color: var(--dim); overflow-wrap: break-word; }
            figure { margin: 1.4rem 0; break-inside: avoid; }
            figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; align-items: center; margin-bottom: .3rem; }
            .key::before { content: ""; display: inline-block; width: 1em; height: .25em; margin-right: .4em;
              vertical-align: middle; background: var(--s); }
            .scale { color: var(--dim); font-size: .85em; white-space: nowrap; margin-left: auto; }
            .scale i { display: inline-block; width: 1em; height: .8em; background: var(--cell); }
            .scale i:first-of-type { margin-left: .4em; } .scale i:last-of-type { margin-right: .4em; }
            .s0 { --s: var(--s0); } .s1 { --s: var(--s1); } .s2 { --s: var(--s2); } .s3 { --s: var(--s3); }
            svg { width: 100%; min-width: 34rem; height: auto; display: block; }
            svg text { fill: var(--dim); font-size: 12px; }
            .end { text-anchor: end; } .mid { text-anchor: middle; }
            .grid { stroke: var(--rule); } .axis { stroke: var(--dim); fill: none; }
            .line path { fill: none; stroke: var(--s); stroke-width: 1.6; stroke-linejoin: round; }
            .line circle { fill: var(--s); }
            .none { fill: none; stroke: var(--rule); } .cells { fill: var(--cell); }
            @media print { body { margin: 0; max-width: none; } .cells, .scale i { print-color-adjust: exact; } }
            </style>
            </head>
            <body>
            <h1>@title@</h1>
            """;

    private final StringBuilder html;

    public HtmlPage(String title) {
        html = new StringBuilder(HEAD.replace("@title@", Markup.text(title)));
    }

    public HtmlPage heading(String text) {
        html.append("<h2>").append(Markup.text(text)).append("</h2>\n");
        return this;
    }

    public HtmlPage paragraph(String text) {
        html.append("<p>").append(Markup.text(text)).append("</p>\n");
        return this;
    }

    /**
     * Rows of numbers, the first column of which names them.
     *
     * @param head the columns' names
     */
    public HtmlPage table(List<String> head, List<List<String>> rows) {
        html.append("<div class=\"wide\"><table>\n");
        row("th", head);
        rows.forEach(row -> row("td", row));
        html.append("</table></div>\n");
        return this;
    }

    /** Names and what is to be said of each. */
    public HtmlPage facts(List<List<String>> rows) {
        html.append("<table class=\"facts\">\n");
        rows.forEach(row -> row("td", row));
        html.append("</table>\n");
        return this;
    }

    private void row(String element, List<String> cells) {
        html.append("<tr>");
        for (String cell : cells) {
            html.append('<').append(element).append('>').append(Markup.text(cell));
            html.append("</").append(element).append('>');
        }
        html.append("</tr>\n");
    }

    public HtmlPage figure(Figure figure) {
        html.append(figure.html());
        return this;
    }

    /** The whole document. */
    public String text() {
        return html + "</body>\n</html>\n";
    }

    /** Writes it, whole or not at all, in the place of any earlier one. */
    public void write(Path file) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.writeString(temporary, text());
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
