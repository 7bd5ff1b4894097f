// Loaded before a program (`node --import`): has it find one of the planted bugs in its sources, which stay as they are.
import { editSource } from '../planting/edit-source.ts'
import { allPlanted } from './planted.ts'

const bugName = process.env['POSTERN_MODEL_BUG'] ?? ''
const bug = allPlanted[bugName]
if (bug === undefined)
  throw new Error(
    `POSTERN_MODEL_BUG: "${bugName}" is none of ${Object.keys(allPlanted).join(', ')}`,
  )
editSource(bug, () => process.stdout.write(`planted: ${bugName}\n`))
