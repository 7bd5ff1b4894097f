import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Target } from '../target.ts'

const source = join(import.meta.dirname, '..', '..', 'src')
/** Longest literal that becomes a token, in characters. */
const maxLiteralLength = 40

/** What inputs are made of: the target's tokens, and the literals of its parser, which it compares with. */
export function tokensOf({ tokens = [], covers }: Target): readonly Buffer[] {
  const literals = covers.flatMap((file) => {
    const code = readFileSync(join(source, file), 'utf8')
    return [...code.matchAll(/'([^'\\\n]+)'/g)].map(([, literal = '']) => literal)
  })
  const usable = literals.filter((literal) => literal.length <= maxLiteralLength)
  return [...new Set([...tokens, ...usable])].map((token) => Buffer.from(token))
}
