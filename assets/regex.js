// Regular expressions that can't hang a page: all states of the automaton at once, so a text costs its length times the pattern's,
// whatever the pattern. The browser's own go back and try again, which a pattern such as (a+)+$ makes last for years. What that
// excludes (look-around, back references) is said, and so is what is wrong with a pattern.
window.Telemetry.regex = (() => {
  "use strict";
  const STATES = 2000;
  const MOST = 500;

  const within = (...ranges) => (code) => ranges.some(([low, high]) => code >= low && code <= high);
  const not = (test) => (code) => !test(code);
  const DIGIT = within([48, 57]);
  const WORD = within([48, 57], [65, 90], [95, 95], [97, 122]);
  const SPACE = (code) => /\s/.test(String.fromCharCode(code));
  const CLASSES = { d: DIGIT, D: not(DIGIT), w: WORD, W: not(WORD), s: SPACE, S: not(SPACE) };
  const CONTROLS = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };

  // Upper and lower case are the same.
  const fold = (code) => (code < 128 ? (code >= 65 && code <= 90 ? code + 32 : code) : String.fromCharCode(code).toLowerCase().charCodeAt(0));
  const raise = (code) => (code < 128 ? (code >= 97 && code <= 122 ? code - 32 : code) : String.fromCharCode(code).toUpperCase().charCodeAt(0));

  // ---- pattern → tree
  function parse(pattern) {
    let at = 0;
    const fail = (why) => { throw new SyntaxError(why + " at " + (at + 1)); };
    const next = () => pattern[at];
    const eat = (text) => pattern.startsWith(text, at) && ((at += text.length), true);

    function alternatives() {
      const options = [sequence()];
      while (eat("|")) options.push(sequence());
      return options.length > 1 ? { either: options } : options[0];
    }

    function sequence() {
      const parts = [];
      while (at < pattern.length && next() !== "|" && next() !== ")") parts.push(repeated(atom()));
      return { parts };
    }

    function repeated(one) {
      for (;;) {
        const counted = /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at));
        let [least, most] = [1, 1];
        if (eat("*")) [least, most] = [0, Infinity];
        else if (eat("+")) [least, most] = [1, Infinity];
        else if (eat("?")) [least, most] = [0, 1];
        else if (counted) {
          [least, most] = [Number(counted[1]), counted[2] ? (counted[3] ? Number(counted[3]) : Infinity) : Number(counted[1])];
          if (least > most || (most < Infinity ? most : least) > MOST) fail("a count that is none, or above " + MOST);
          at += counted[0].length;
        } else return one;
        if (one.assert) fail("nothing to repeat");
        // Whether it takes much or little first makes no difference to whether it is there.
        eat("?");
        one = { repeat: one, least, most };
      }
    }

    function atom() {
      if (eat("(")) {
        if (eat("?=") || eat("?!") || eat("?<=") || eat("?<!")) fail("look-around is not supported");
        if (eat("?:")) return group();
        const named = /^\?<\w+>/.exec(pattern.slice(at));
        if (named) at += named[0].length;
        return group();
      }
      if (eat("[")) return { test: set() };
      if (eat(".")) return { test: (code) => code !== 10 && code !== 13 };
      if (eat("^")) return { assert: "start" };
      if (eat("$")) return { assert: "end" };
      if (eat("\\")) return escaped();
      if ("*+?".includes(next())) fail("nothing to repeat");
      return { code: pattern.charCodeAt(at++) };
    }

    function group() {
      const inner = alternatives();
      if (!eat(")")) fail("a bracket that is not closed");
      return inner;
    }

    function escaped() {
      if (at >= pattern.length) fail("a backslash at the end");
      if (eat("b")) return { assert: "edge" };
      if (eat("B")) return { assert: "inside" };
      if (/[1-9k]/.test(next())) fail("back references are not supported");
      const found = character();
      return typeof found === "number" ? { code: found } : { test: found };
    }

    // After a backslash: a code, or a test of one.
    function character() {
      const letter = pattern[at++];
      if (CLASSES[letter]) return CLASSES[letter];
      if (letter in CONTROLS) return CONTROLS[letter];
      const coded = letter === "x" ? /^[\da-f]{2}/i.exec(pattern.slice(at)) : letter === "u" ? /^[\da-f]{4}/i.exec(pattern.slice(at)) : null;
      if (coded) at += coded[0].length;
      return coded ? parseInt(coded[0], 16) : letter.charCodeAt(0);
    }

    function member() {
      const found = eat("\\") ? (eat("b") ? 8 : character()) : pattern.charCodeAt(at++);
      return found;
    }

    function set() {
      const isNot = eat("^");
      const tests = [];
      const ranges = [];
      while (next() !== "]") {
        if (at >= pattern.length) fail("a set that is not closed");
        const low = member();
        if (typeof low !== "number") { tests.push(low); continue; }
        let high = low;
        if (next() === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]") {
          at++;
          const end = member();
          if (typeof end !== "number") tests.push(end, (code) => code === 45);
          else high = end;
          if (high < low) fail("a range that is out of order");
        }
        ranges.push([low, high]);
      }
      at++;
      const holds = (code) => ranges.some(([low, high]) => code >= low && code <= high) || tests.some((one) => one(code));
      const test = (code) => holds(code) || holds(fold(code)) || holds(raise(code));
      return isNot ? not(test) : test;
    }

    const tree = alternatives();
    if (at < pattern.length) fail("a bracket that was not opened");
    return tree;
  }

  // ---- tree → automaton: each state is a test that leads on, a fork, an assertion, or the end
  function compile(tree) {
    const states = [];
    const add = (state) => {
      if (states.length >= STATES) throw new SyntaxError("too large, with all that it repeats");
      return states.push(state) - 1;
    };

    // Builds backwards: what leads to `to`; returns where that begins.
    function build(node, to) {
      if (node.parts) return node.parts.reduceRight((after, part) => build(part, after), to);
      if (node.either) return add({ fork: node.either.map((option) => build(option, to)) });
      if (node.assert) return add({ assert: node.assert, to });
      if (!node.repeat) return add({ test: node.test || null, code: node.code, to });
      let start = to;
      if (node.most === Infinity) {
        const loop = add({ fork: [] });
        states[loop].fork = [build(node.repeat, loop), to];
        start = loop;
      } else for (let n = node.least; n < node.most; n++) start = add({ fork: [build(node.repeat, start), to] });
      for (let n = 0; n < node.least; n++) start = build(node.repeat, start);
      return start;
    }

    const end = add({ end: true });
    return { states, end, start: build(tree, end) };
  }

  // ---- whether it is anywhere in a text
  return (pattern) => {
    const { states, end, start } = compile(parse(pattern));
    for (const state of states) if (state.code !== undefined) state.code = fold(state.code);
    const seen = new Uint32Array(states.length);
    let round = 0;
    const isWord = (code) => code >= 0 && WORD(code);

    // Puts what is reached without a letter into `list`; true where the end is.
    function reach(list, from, before, after) {
      const stack = [from];
      while (stack.length) {
        const number = stack.pop();
        if (seen[number] === round) continue;
        seen[number] = round;
        if (number === end) return true;
        const state = states[number];
        if (state.fork) stack.push(...state.fork);
        else if (state.assert) {
          const holds = { start: before < 0, end: after < 0, edge: isWord(before) !== isWord(after), inside: isWord(before) === isWord(after) };
          if (holds[state.assert]) stack.push(state.to);
        } else list.push(number);
      }
      return false;
    }

    return (text) => {
      let now = [];
      let code = -1;
      for (let at = 0; ; at++) {
        const next = at < text.length ? text.charCodeAt(at) : -1;
        const reached = [];
        round++;
        for (const number of now) {
          const { test, code: wanted, to } = states[number];
          if ((test ? test(code) : wanted === fold(code)) && reach(reached, to, code, next)) return true;
        }
        if (reach(reached, start, code, next)) return true;
        if (next < 0) return false;
        now = reached;
        code = next;
      }
    };
  };
})();
