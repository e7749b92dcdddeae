// Golden files from llama.cpp for the tiny models of random weights that dev.squall.model.TinyModels writes.
//
//   npm i --ignore-scripts node-llama-cpp@3.22
//   node generate.mjs MODELS OUT
//
// MODELS is the folder of the models, named FAMILY-MIX.gguf. OUT gets one FAMILY.jsonl for each family with a line for
// each model and prompt:
//   id      the model's file name without its ending, and the prompt's number
//   prompt  the text that was tokenized, without control tokens
//   tokens  its ids
//   greedy  ids of the likeliest token at each of 64 steps, whatever ends generation
//   top     for the first 6 steps: the 8 likeliest [id, probability]; for later steps: the 2 likeliest
// Probabilities are the softmax over the whole vocabulary at temperature 1, given to 4 significant digits. Every prompt
// starts on an empty F16 KV cache of 512 positions; CPU only, 1 thread, flash attention off.
import fs from "node:fs";
import path from "node:path";
import {getLlama} from "node-llama-cpp";

const STEPS = 64;
const STEPS_WIDE = 6;
const PROMPTS = ["The fox in the wind and all of its friends ran over the hill; then it began to rain.", "a"];

const [, , models, out] = process.argv;
if (out === undefined) {
    console.error("usage: node generate.mjs MODELS OUT");
    process.exit(2);
}

const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const written = new Set();
for (const file of fs.readdirSync(models).filter((name) => name.endsWith(".gguf")).sort()) {
    const name = file.slice(0, -".gguf".length);
    const family = name.slice(0, name.lastIndexOf("-"));
    const rows = await rowsOf(path.join(models, file), name);
    const flag = written.has(family) ? "a" : "w";
    fs.writeFileSync(path.join(out, family + ".jsonl"), rows.map((row) => JSON.stringify(row) + "\n").join(""), {flag});
    written.add(family);
}
process.exit(0);

async function rowsOf(modelPath, name) {
    const model = await llama.loadModel({modelPath});
    const context = await model.createContext({contextSize: 512, threads: 1, flashAttention: false});
    const sequence = context.getSequence();
    const rows = [];
    let nearTies = 0;
    for (const [number, prompt] of PROMPTS.entries()) {
        const tokens = model.tokenize(prompt, false);
        const greedy = [];
        const top = [];
        await sequence.clearHistory();
        let feed = tokens;
        while (greedy.length < STEPS) {
            const likeliest = await probabilities(sequence, feed);
            if (likeliest[0][1] - likeliest[1][1] < 0.01) nearTies++;
            top.push(
                likeliest
                    .slice(0, greedy.length < STEPS_WIDE ? 8 : 2)
                    .map(([token, probability]) => [token, Number(probability.toPrecision(4))])
            );
            greedy.push(likeliest[0][0]);
            feed = [likeliest[0][0]];
        }
        rows.push({id: `${name} ${number}`, prompt, tokens, greedy, top});
    }
    const distinct = new Set(rows.flatMap((row) => row.greedy)).size;
    console.log(`${name}: ${distinct} different tokens, ${nearTies} steps with the top two within 0.01`);
    await context.dispose();
    await model.dispose();
    return rows;
}

async function probabilities(sequence, feed) {
    const steps = sequence.evaluateWithMetadata(
        feed,
        {probabilities: true},
        {temperature: 1, topK: 0, topP: 1, minP: 0, seed: 1, yieldEogToken: true}
    );
    const step = await steps.next();
    await steps.return();
    return [...step.value.probabilities.entries()].sort((a, b) => b[1] - a[1]);
}
