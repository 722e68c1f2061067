import { launch } from "/work/wt/ui/tests/browser/chromium.mjs";
const b=await launch(); const p=await b.newPage({viewport:{width:1280,height:900}});
p.on("pageerror",e=>console.log("ERR",e.message));
await p.goto("http://127.0.0.1:5199/"); await p.waitForTimeout(2500);
await p.evaluate(()=>{MediaSource.isTypeSupported=()=>false});
await p.keyboard.press("1"); await p.waitForTimeout(3000);
console.log(p.url(), await p.evaluate(()=>[...document.querySelectorAll(".tile")].map(t=>t.outerHTML.slice(0,900))));
await b.close();
