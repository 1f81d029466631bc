/** Prints the coverage of Lua under vitest's own summary. */
import type { Reporter, TestModule } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** What coverageText gave, by the test that measured it. */
    luaCoverage?: string;
  }
}

export default class LuaCoverageReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const one of modules) {
      for (const test of one.children.allTests()) {
        const text = test.meta().luaCoverage;
        if (text !== undefined) console.log(text);
      }
    }
  }
}
