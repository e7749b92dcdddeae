/**
 * Text to tokens and back: byte-level BPE and SentencePiece vocabularies of GGUF files, and the chat templates that
 * wrap a conversation for a model. What a user typed never becomes a control token.
 */
@NullMarked
package dev.squall.tokenizer;

import org.jspecify.annotations.NullMarked;
