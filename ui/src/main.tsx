// Where the page begins.

import { render } from "preact";
import { App } from "./app/App";
import { listen } from "./app/router";
import "./app/theme";
import "./style/colours.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/live.css";
import "./style/timeline.css";
import "./style/places.css";

listen();
const page = document.getElementById("page");
if (page) {
	page.textContent = "";
	render(<App />, page);
}
