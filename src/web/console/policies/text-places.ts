import type { TextProblem } from '../../../console/wire/policy-language.ts'
import type { EditorFault } from '../../ui/yaml-editor/code-mirror.ts'

/** Faults by line and column, which count from 1, as places of a text. */
export function placesIn(text: string, problems: readonly TextProblem[]): readonly EditorFault[] {
  const starts = lineStarts(text)
  const at = (line: number, column: number): number =>
    Math.min((starts[line - 1] ?? text.length) + column - 1, text.length)
  return problems.map(({ line, column, end_line, end_column, message, hint }) => {
    const from = at(line, column)
    return {
      from,
      to: Math.max(from, at(end_line, end_column)),
      message: hint === undefined ? message : `${message}: ${hint}`,
    }
  })
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
