/** From a prompt and sampling options to one answer, and what it cost: for people and as JSON. */
@NullMarked
package dev.squall.cli.answer;

import org.jspecify.annotations.NullMarked;
