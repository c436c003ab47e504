import { resolve } from 'node:path'
import { untilStopped } from './kit/until-stopped.ts'
import { replayFile } from './replay/command.ts'
import { readOptions, usage } from './replay/options.ts'

await untilStopped(async (signal) => {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
    return true
  }
  // npm runs scripts in the project's folder; the file is named from where the person is.
  const { INIT_CWD: here = process.cwd() } = process.env
  return replayFile({ ...options, file: resolve(here, options.file) }, signal)
})
