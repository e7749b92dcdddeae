// Golden files from llama.cpp: prompt tokens, greedy continuation and the probabilities at each step.
//
//   npm i --ignore-scripts node-llama-cpp@3.22
//   node generate.mjs MODEL.gguf PROMPTS.jsonl OUT.jsonl [--flash]
//
// PROMPTS: one {"id", "prompt", "answer"?, "raw"?} a line. A raw prompt is tokenized as it is, without control tokens;
// any other becomes one user message rendered by the model's own chat template. OUT: one line a prompt:
//   id       as in PROMPTS
//   raw      true when no template was applied
//   prompt   the text that was tokenized
//   tokens   its ids
//   greedy   ids of the likeliest token at each step, up to and with the end-of-generation token, at most 64
//   text     the continuation, without the end-of-generation token
//   top      for the first 16 steps: the 8 likeliest [id, probability]; for later steps: the 2 likeliest
// Probabilities are the softmax over the whole vocabulary at temperature 1, given to 6 significant digits.
// Every prompt starts on an empty KV cache (F16) and is decoded in one batch, then one token at a time; CPU only,
// 2 threads. --flash turns flash attention on, to see how far results move: the golden files are made without.
import fs from "node:fs";
import {parseArgs} from "node:util";
import {Template} from "@huggingface/jinja";
import {getLlama} from "node-llama-cpp";

const STEPS_MAX = 64;
const STEPS_WIDE = 16;
const NEAR_TIE = 0.01;

const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {flash: {type: "boolean", default: false}}
});
const [modelPath, promptsPath, outPath] = positionals;
if (outPath === undefined) {
    console.error("usage: node generate.mjs MODEL.gguf PROMPTS.jsonl OUT.jsonl [--flash]");
    process.exit(2);
}

const lines = fs.readFileSync(promptsPath, "utf8").split("\n").filter((line) => line.trim() !== "");
const prompts = lines.map((line) => JSON.parse(line));

const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath});
const template = new Template(model.fileInfo.metadata.tokenizer.chat_template);
const context = await model.createContext({contextSize: 512, threads: 2, flashAttention: values.flash});
const sequence = context.getSequence();

async function probabilities(feed) {
    const steps = sequence.evaluateWithMetadata(
        feed,
        {probabilities: true},
        {temperature: 1, topK: 0, topP: 1, minP: 0, seed: 1, yieldEogToken: true}
    );
    const step = await steps.next();
    await steps.return();
    return [...step.value.probabilities.entries()].sort((a, b) => b[1] - a[1]);
}

const rows = [];
let checked = 0;
let right = 0;
let steps = 0;
let nearTies = 0;
let nearTieRows = 0;
for (const {id, prompt: asked, answer, raw = false} of prompts) {
    const prompt = raw
        ? asked
        : template.render({messages: [{role: "user", content: asked}], add_generation_prompt: true});
    const tokens = model.tokenize(prompt, !raw);
    const greedy = [];
    const top = [];
    let nearTiesHere = 0;
    await sequence.clearHistory();
    let feed = tokens;
    while (greedy.length < STEPS_MAX) {
        const likeliest = await probabilities(feed);
        if (likeliest[0][1] - likeliest[1][1] < NEAR_TIE) nearTiesHere++;
        top.push(
            likeliest
                .slice(0, greedy.length < STEPS_WIDE ? 8 : 2)
                .map(([token, probability]) => [token, Number(probability.toPrecision(6))])
        );
        greedy.push(likeliest[0][0]);
        if (model.isEogToken(likeliest[0][0])) break;
        feed = [likeliest[0][0]];
    }
    const ended = model.isEogToken(greedy.at(-1));
    const text = model.detokenize(ended ? greedy.slice(0, -1) : greedy, false);
    if (answer != null) {
        checked++;
        if (ended && text.trim() === answer) right++;
    }
    steps += greedy.length;
    nearTies += nearTiesHere;
    if (nearTiesHere > 0) nearTieRows++;
    rows.push(JSON.stringify({id, raw, prompt, tokens, greedy, text, top}));
}
fs.writeFileSync(outPath, rows.join("\n") + "\n");
console.log(`${rows.length} prompts, ${steps} steps, right answers ${right} of ${checked}`);
console.log(`near ties (top two within ${NEAR_TIE}): ${nearTies} steps in ${nearTieRows} prompts`);
process.exit(0);
