// Loaded before a program (`node --import`): has it find one of the planted bugs in its sources, which stay as they are.
import { registerHooks } from 'node:module'
import { allPlanted } from './planted.ts'

const bugName = process.env['POSTERN_MODEL_BUG'] ?? ''
const bug = allPlanted[bugName]
if (bug === undefined)
  throw new Error(
    `POSTERN_MODEL_BUG: "${bugName}" is none of ${Object.keys(allPlanted).join(', ')}`,
  )
const { file, edits } = bug
const target = new URL(`../../src/${file}`, import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== target) return loaded
    let source = textOf(loaded.source)
    for (const { right, wrong } of edits) {
      const parts = source.split(right)
      if (parts.length !== 2)
        throw new Error(
          `"${bugName}" cannot be planted: ${file} has "${right}" ${parts.length - 1} times`,
        )
      source = parts.join(wrong)
    }
    process.stdout.write(`planted: ${bugName}\n`)
    return { ...loaded, source }
  },
})

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string {
  if (typeof source === 'string') return source
  return source === null || source === undefined ? '' : Buffer.from(source as Uint8Array).toString()
}
