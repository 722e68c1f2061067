import { launch } from "./chromium.mjs";
const [,, base, ...jobs] = process.argv;
const browser = await launch();
for (const job of jobs) {
  const [name, path, size="1440x900", theme="light", wait="2500", script=""] = job.split("|");
  const [width,height] = size.split("x").map(Number);
  const context = await browser.newContext({ viewport: {width,height}, colorScheme: theme, hasTouch: width<600 });
  const page = await context.newPage();
  page.on("console", m => ["error","warning"].includes(m.type()) && console.log(name, m.text()));
  page.on("pageerror", e => console.log(name, "PAGEERROR", e.message));
  await page.goto(base+path);
  await page.waitForTimeout(Number(wait));
  if (script) { await (new Function("page", `return (async()=>{${script}})()`))(page); }
  await page.screenshot({ path: `/tmp/shots/${name}.png` });
  await context.close();
}
await browser.close();
