/** @limit lists and objects within each other in the body of a request: 400 */
const maxDepth = 100

/** Whether plain data is nested deeper than whoever reads it recursively can bear. */
export function isTooDeep(json: unknown): boolean {
  let level: readonly unknown[] = [json]
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    level = level.flatMap(childrenOf)
    if (level.length === 0) return false
  }
  return true
}

function childrenOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}
