// Loaded before every program of a run (NODE_OPTIONS): has each find the source that POSTERN_PLANT describes, and leave a word
// of it in the file that POSTERN_PLANT_NOTE names, for whoever has to know that it was loaded.
import { appendFileSync } from 'node:fs'
import { editSource, type EditedSource } from './edit-source.ts'

const { POSTERN_PLANT: plant, POSTERN_PLANT_NOTE: note } = process.env
if (plant !== undefined && note !== undefined)
  editSource(JSON.parse(plant) as EditedSource, () => appendFileSync(note, 'loaded\n'))
