// Loaded before a program (`node --import`): has it find one of the planted bugs in its sources, which stay as they are.
import { registerHooks } from 'node:module'
import { isBugName, plantedBugs } from './planted.ts'

const bugName = process.env['POSTERN_MODEL_BUG'] ?? ''
if (!isBugName(bugName))
  throw new Error(
    `POSTERN_MODEL_BUG: "${bugName}" is none of ${Object.keys(plantedBugs).join(', ')}`,
  )
const { file, right, wrong } = plantedBugs[bugName]
const target = new URL(`../../src/${file}`, import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== target) return loaded
    const parts = textOf(loaded.source).split(right)
    if (parts.length !== 2)
      throw new Error(
        `"${bugName}" cannot be planted: ${file} has its line ${parts.length - 1} times`,
      )
    process.stdout.write(`planted: ${bugName}\n`)
    return { ...loaded, source: parts.join(wrong) }
  },
})

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string {
  if (typeof source === 'string') return source
  return source === null || source === undefined ? '' : Buffer.from(source as Uint8Array).toString()
}
