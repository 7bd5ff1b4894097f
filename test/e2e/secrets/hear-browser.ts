// Loaded into the browser of a person, a process of its own, before its program: POSTERN_TEST_HEARD names the file.
import { writeHeard } from './heard.ts'

const file = process.env['POSTERN_TEST_HEARD']
if (file === undefined) throw new Error('POSTERN_TEST_HEARD names no file')
writeHeard(file)
