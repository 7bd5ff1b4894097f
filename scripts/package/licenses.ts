import { runtimes } from '../bun/fetch-bun.ts'
import type { Component } from './contents.ts'

const separator = `\n${'-'.repeat(80)}\n\n`

/** What goes with every executable: under which licences its parts are, with their texts. */
export function thirdPartyLicenses(components: readonly Component[]): string {
  return [runtimeLicense(), ...textsOf(components)].join(separator)
}

/** The same for the bundle alone, which runs on a Node.js of whoever installs it. */
export function bundleLicenses(components: readonly Component[]): string {
  const head = 'The bundle of Postern (dist/) holds the packages below.\n'
  return [head, ...textsOf(components)].join(separator)
}

function textsOf(components: readonly Component[]): string[] {
  // Many have the same text.
  const byText = new Map<string, Component[]>()
  for (const component of components)
    byText.set(component.text, [...(byText.get(component.text) ?? []), component])
  return [...byText].map(([text, those]) => {
    const names = those.map(({ name, version, license }) => `${name} ${version} (${license})`)
    return `${names.join('\n')}\n\n${text}\n`
  })
}

/** Bun's packages bring no text. */
function runtimeLicense(): string {
  const { version } = runtimes
  return `An executable of Postern holds the runtime Bun ${version} and the packages below.

Bun ${version} (MIT)
https://bun.com

The libraries that are linked into Bun, and their licences, are listed by its authors:
https://github.com/oven-sh/bun/blob/bun-v${version}/LICENSE.md

Among them is JavaScriptCore of WebKit (LGPL-2; https://github.com/oven-sh/WebKit), which you may change: build
Bun with your WebKit as that page says, give the result to "bun build --compile-executable-path" as
scripts/package/compile.ts in Postern's sources does, and you have Postern with it.
`
}
