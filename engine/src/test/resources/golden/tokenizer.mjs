// Makes the token files beside it again, from llama.cpp through node-llama-cpp 3.22:
//   npm install --ignore-scripts node-llama-cpp@3.22
//   node tokenizer.mjs DEMO_MODEL.gguf GOLDEN_DIRECTORY
// Reads GOLDEN_DIRECTORY/tokenizer-texts.jsonl (one JSON string a line) and writes, one line a text:
//   tokens-demo.jsonl           [tokens of the text as typed, tokens where control tokens are recognised] by the demo model
//   tokens-pre-NAME.jsonl       tokens by a vocabulary of all single bytes and pairs of bytes, split as NAME says
//   tokens-sentencepiece.jsonl  tokens by a small SentencePiece vocabulary
//   tokens-phi-3.jsonl          the same with control tokens recognised, which for Phi-3 swallow white space behind them
// The two made-up vocabularies follow rules that the tests apply too; see PairVocabulary and SpacedVocabulary there.
import {getLlama} from "node-llama-cpp";
import fs from "fs";
import os from "os";
import path from "path";

const [, , demoModel, directory] = process.argv;
const texts = lines("tokenizer-texts.jsonl");
const llama = await getLlama({gpu: false, build: "never", logLevel: "disabled"});
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "squall-golden-"));

await tokenize(demoModel, "tokens-demo.jsonl", (model, text) => [model.tokenize(text, false), model.tokenize(text, true)]);

// One name of each way to split.
const splittings = ["default", "gpt-2", "starcoder", "falcon", "llama-bpe", "dbrx", "qwen2", "qwen35", "tekken", "gpt-4o",
    "deepseek-llm", "deepseek-coder", "deepseek-v3", "bloom", "viking", "bailingmoe", "seed-coder", "laguna"];
const pairs = pairVocabulary();
for (const name of splittings) {
    const file = path.join(scratch, name + ".gguf");
    writeVocabulary(file, {model: "gpt2", pre: name, tokens: pairs.tokens, merges: pairs.merges});
    await tokenize(file, `tokens-pre-${name}.jsonl`, (model, text) => model.tokenize(text, false));
}
const spaced = path.join(scratch, "spaced.gguf");
writeVocabulary(spaced, {model: "llama", ...spacedVocabulary()});
await tokenize(spaced, "tokens-sentencepiece.jsonl", (model, text) => model.tokenize(text, false));
const phi = path.join(scratch, "phi.gguf");
writeVocabulary(phi, {name: "Phi-3 as llama.cpp recognises it", model: "llama", ...spacedVocabulary()});
await tokenize(phi, "tokens-phi-3.jsonl", (model, text) => model.tokenize(text, true));

fs.rmSync(scratch, {recursive: true});
process.exit(0);

function lines(name) {
    return fs.readFileSync(path.join(directory, name), "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
}

async function tokenize(modelPath, out, tokensOf) {
    const model = await llama.loadModel({modelPath, vocabOnly: true});
    const rows = texts.map(text => JSON.stringify(tokensOf(model, text)));
    fs.writeFileSync(path.join(directory, out), rows.join("\n") + "\n");
    await model.dispose();
}

/** All bytes, then all pairs of bytes in an order that mixes them; a pair's place is its rank. */
function pairVocabulary() {
    const alphabet = [];
    for (let value = 0, next = 0x100; value < 256; value++) {
        const prints = value >= 0x21 && value <= 0x7e || value >= 0xa1 && value !== 0xad;
        alphabet.push(String.fromCharCode(prints ? value : next++));
    }
    const tokens = [...alphabet], merges = [];
    for (let i = 0; i < 65536; i++) {
        const pair = i * 40503 % 65536;
        const left = alphabet[pair >> 8], right = alphabet[pair & 255];
        tokens.push(left + right);
        merges.push(left + " " + right);
    }
    return {tokens, merges};
}

/** Control and byte tokens, letters, some words made of them with scores that tie and cross, two user-defined tokens. */
function spacedVocabulary() {
    const tokens = ["<unk>", "<s>", "</s>"], types = [2, 3, 3], scores = [0, 0, 0];
    const add = (text, type, score) => { tokens.push(text); types.push(type); scores.push(score); };
    for (let value = 0; value < 256; value++) {
        add(`<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`, 6, 0);
    }
    add("<tool>", 4, 0);
    add("\n\n", 4, 0);
    const letters = "\u2581abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'<>/|-_é中я";
    for (const letter of letters) add(letter, 1, -1000 - letter.codePointAt(0) % 97);
    const words = ["\u2581t", "he", "\u2581the", "th", "in", "ing", "an", "and", "\u2581a", "\u2581an", "\u2581and", "er", "el", "ll", "ello",
        "Hello", "\u2581Hello", "or", "wor", "ld", "world", "\u2581wor", "\u2581world", "\u2581\u2581", "\u2581\u2581\u2581\u2581", "12", "123", "34",
        "aa", "aaaa", "ab", "abab", "</", "s>", "<s", "\u4e2d\u4e2d", "é\u2581", "'s", "...", "..", "\u2581s", "st", "or\u2581", "en", "\u2581f", "fo", "\u2581fox"];
    words.forEach((word, i) => add(word, 1, -(i * 7 % 23)));
    add("<|endoftext|>", 3, 0);
    add("<|end|>", 3, 0);
    return {tokens, types, scores};
}

/** A GGUF file with nothing but a vocabulary. */
function writeVocabulary(file, {name, model, pre, tokens, merges, types, scores}) {
    const entries = [
        ["general.architecture", string("llama"), 8],
        ["tokenizer.ggml.model", string(model), 8],
        ["tokenizer.ggml.tokens", array(8, tokens.map(string)), 9],
        ["tokenizer.ggml.bos_token_id", u32(1), 4],
        ["tokenizer.ggml.eos_token_id", u32(2), 4],
        ["tokenizer.ggml.add_bos_token", Buffer.from([0]), 7],
        ["tokenizer.ggml.token_type", array(5, (types ?? tokens.map(() => 1)).map(u32)), 9],
    ];
    if (name) entries.push(["general.name", string(name), 8]);
    if (pre) entries.push(["tokenizer.ggml.pre", string(pre), 8]);
    if (merges) entries.push(["tokenizer.ggml.merges", array(8, merges.map(string)), 9]);
    if (scores) entries.push(["tokenizer.ggml.scores", array(6, scores.map(f32)), 9]);
    const header = [Buffer.from("GGUF"), u32(3), u64(0), u64(entries.length)];
    fs.writeFileSync(file, Buffer.concat([...header, ...entries.flatMap(([key, value, type]) => [string(key), u32(type), value])]));
}

function string(text) { const bytes = Buffer.from(text, "utf8"); return Buffer.concat([u64(bytes.length), bytes]); }
function array(type, values) { return Buffer.concat([u32(type), u64(values.length), ...values]); }
function u32(value) { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; }
function u64(value) { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; }
function f32(value) { const bytes = Buffer.alloc(4); bytes.writeFloatLE(value); return bytes; }
