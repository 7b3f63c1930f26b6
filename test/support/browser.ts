/** Pages in a real browser: Debian's Chromium (`apt-get install chromium`), or the one that CHROMIUM names. */
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** A browser that opens files. */
export interface OpenPages {
  /** What goes wrong in it, and what it asks of the network, is a failure of the test. */
  opened(file: string, work: (page: Page) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Starts the browser. */
export async function openPages(): Promise<OpenPages> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  return {
    async opened(file, work) {
      const page = await browser.newPage();
      const wrong: string[] = [];
      page.on("pageerror", ({ message }) => wrong.push(message));
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("request", (request) => request.url() !== pathToFileURL(file).href && wrong.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await work(page);
      expect(wrong).toEqual([]);
      await page.close();
    },
    close: () => browser.close(),
  };
}

/** Turns a switch on. */
export const choose = (page: Page, value: string): Promise<void> => page.check(`input[value="${value}"]`);
