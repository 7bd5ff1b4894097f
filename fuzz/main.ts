/**
 * `npm run fuzz`: looks for inputs that the parsers of foreign bytes get wrong. JSON on standard output with
 * `--json`, all else on standard error. What is counted where, and how inputs are made, is in `engine/`; what is read, and
 * what must hold of it, in `targets/`.
 */
import { readdirSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

import { parseOptions, usage, type Options } from './options.ts'
import { plants } from './plants.ts'
import { runTargets } from './run-targets.ts'
import type { Target } from './target.ts'
import { sayResult } from './report.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === 'help') return print(usage)
    if (options.list) return print(await listed())
    // Code out of that cache has no counters for its blocks.
    if (getCompileCacheDir() !== undefined)
      throw new Error('coverage needs code compiled anew: run it with NODE_DISABLE_COMPILE_CACHE=1')
    const results = await runTargets(chosen(options), options)
    if (options.json) print(`${JSON.stringify({ seed: options.seed, results }, undefined, 2)}\n`)
    sayResult(results)
    return results.every(({ fault }) => fault === undefined) ? 0 : 1
  } catch (error) {
    process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}

function targetNames(): readonly string[] {
  const files = readdirSync(join(import.meta.dirname, 'targets'))
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort()
}

function chosen({ targets, plant }: Options): readonly string[] {
  const names = targetNames()
  const planted = plants[plant ?? '']
  if (plant !== undefined && planted === undefined)
    throw new Error(`--plant: "${plant}" is none of ${Object.keys(plants).join(', ')}`)
  if (planted !== undefined) return [planted.target]
  const unknown = targets.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new Error(`--target: "${unknown}" is none of ${names.join(', ')}`)
  return targets.length > 0 ? targets : names
}

async function listed(): Promise<string> {
  const names = targetNames()
  const width = Math.max(...names.map((name) => name.length))
  const lines = names.map(async (name) => {
    const { target }: { readonly target: Target } = await import(`./targets/${name}.ts`)
    return `${name.padEnd(width)}  ${target.reads}\n`
  })
  return (await Promise.all(lines)).join('')
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}
