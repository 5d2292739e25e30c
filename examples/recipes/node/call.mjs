// Calls an API once for each line of standard input, and prints the status:
//
//     node call.mjs powertools SECRET URL
import { createInterface } from "node:readline";

const [recipe, secretId, url] = process.argv.slice(2);
const { token } = await import(`./${recipe}.mjs`);

const get = async (bearer) => (await fetch(url, { headers: { Authorization: "Bearer " + bearer } })).status;

for await (const _ of createInterface({ input: process.stdin })) {
  try {
    let status = await get(await token(secretId));
    if (status === 401) status = await get(await token(secretId, true)); // replaced since it was read: look again, once
    console.log(status);
  } catch (error) {
    console.log(error.message);
  }
}
