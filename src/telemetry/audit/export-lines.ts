// An export is records as they stand in the files, one series behind the other, and before them what proves them: the
// keys, the stubs of what was dropped and the checkpoints, each in a line of its own.

export function noteLine(note: string): string {
  return JSON.stringify({ 'audit-note': note })
}

export function verifierKeyLine(key: string): string {
  return JSON.stringify({ 'audit-key': key })
}

export function noteInExport(line: Buffer): string | undefined {
  return textUnder('audit-note', line)
}

export function verifierKeyInExport(line: Buffer): string | undefined {
  return textUnder('audit-key', line)
}

function textUnder(name: string, line: Buffer): string | undefined {
  if (!line.subarray(0, name.length + 3).equals(Buffer.from(`{"${name}"`))) return undefined
  try {
    const value = (JSON.parse(line.toString()) as Readonly<Record<string, unknown>>)[name]
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
