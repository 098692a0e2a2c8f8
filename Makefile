# lvsd: `make test` says yes or no; `make help` lists the rest.

# Tests run compiled, from dist, with stack traces that point into the TypeScript.
MOCHA := node --enable-source-maps node_modules/mocha/bin/mocha.js --reporter test/support/reporter.cjs
RESULT = --reporter-option output=.cache/results/$@$(PART).json

PREFIX ?= /usr
SOAK_TABLES ?= 2000
SOAK_SEED ?= 1
SCHEDULES ?= 20000

SOURCES = $(shell find src test bench native bin -type f) tsconfig.json

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-demo build lint unit nodes protocols protocols-heavy lab-vrrp lab-ipvs lab-nft sim mutations soak test test-protocols demo bench install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install what is missing: programs (needs root, else says what to run) and npm packages
	@scripts/setup.sh

setup-demo:
	@scripts/setup.sh demo

node_modules/.package-lock.json: package-lock.json
	@scripts/setup.sh npm

build: dist/.built ## compile TypeScript and the native addon into dist/

dist/.built: $(SOURCES) node_modules/.package-lock.json
	@rm -rf dist/src dist/test dist/bench
	node_modules/.bin/tsc -p .
	scripts/build-native.sh
	@chmod +x bin/*.js
	@touch $@

lint: node_modules/.package-lock.json ## format and lint checks, shell syntax
	node_modules/.bin/biome check
	@for script in scripts/*.sh .ci/run; do bash -n $$script || exit 1; done

unit: dist/.built ## tests without a lab: pure logic, simulated network, loopback; some only as root; FILES=... runs some only
	$(MOCHA) $(RESULT) --timeout 30000 $(if $(FILES),$(FILES),'dist/test/{unit,sim,io}/**/*.test.js')

sim: dist/.built ## virtual routers under seeded faults, SCHEDULES=20000 of five simulated minutes; SEED=n shows one again
	$(if $(SEED),SEED=$(SEED) node --enable-source-maps dist/test/support/sim/main.js,SCHEDULES=$(SCHEDULES) $(MOCHA) $(RESULT) --timeout 600000 dist/test/sim/schedules.test.js)

mutations: dist/.built ## plants faults into a copy of the code: does the simulator find each?
	node dist/test/sim/mutations.js

nodes: dist/.built ## the native addon's tests, and hostile HTTP/2, on the other supported Node.js versions
	scripts/test-node-versions.sh

protocols: setup dist/.built ## checks against real servers that start quickly: nginx, haproxy, dnsmasq, redis and others
	$(MOCHA) $(RESULT) --timeout 60000 'dist/test/protocols/light/**/*.test.js'

protocols-heavy: dist/.built
	scripts/setup.sh protocols
	$(MOCHA) $(RESULT) --timeout 120000 'dist/test/protocols/heavy/**/*.test.js'

test-protocols: protocols protocols-heavy ## checks against all real servers: databases, mail, directory, RADIUS, time and others as well

lab-vrrp: setup dist/.built ## VRRP between network namespaces; FILES=... runs some only
	scripts/lab.sh --native --timeout 900 -- $(MOCHA) $(RESULT) --timeout 60000 $(if $(FILES),$(FILES),'dist/test/lab/{vrrp,doctor,health}/**/*.test.js')

lab-ipvs: setup dist/.built ## failover with real IPVS: the host's, else in User-Mode Linux; FILES=... runs some only
	scripts/lab.sh --ipvs --timeout 1800 -- $(MOCHA) $(RESULT) --timeout 120000 $(if $(FILES),$(FILES),'dist/test/lab/ipvs/**/*.test.js')

lab-nft: setup dist/.built ## full NAT, which needs nftables too: the host's kernel, else an emulated machine; FILES=... runs some only
	scripts/lab.sh --nft --timeout 900 -- $(MOCHA) $(RESULT) --timeout 240000 $(if $(FILES),$(FILES),'dist/test/lab/nft/**/*.test.js')

test: ## everything above but mutations and the heavier servers of test-protocols; the last line is the sum
	@MAKE='$(MAKE)' scripts/test-all.sh

soak: $(if $(HOURS),,setup) dist/.built ## 'lvsd ipvs' beside ipvsadm on SOAK_TABLES=2000 random tables (half an hour); HOURS=n simulates virtual routers instead
	$(if $(HOURS),node --enable-source-maps dist/test/support/sim/main.js hours $(HOURS) first $(or $(FIRST),100001),scripts/lab.sh --ipvs --timeout 7200 -- env SOAK_TABLES=$(SOAK_TABLES) SOAK_SEED=$(SOAK_SEED) $(MOCHA) --timeout 120000 dist/test/lab/ipvs/ipvsadm-differential.test.js)

demo: setup-demo dist/.built ## two directors, a failover, and what a client sees; ARGS=--interactive opens a shell in the lab
	@scripts/demo.sh $(ARGS)

bench: setup dist/.built ## figures on this machine, side by side with keepalived (about 45 minutes)
	scripts/lab.sh --native --timeout 1500 -- node dist/bench/failover.js
	scripts/lab.sh --native --timeout 1200 -- node dist/bench/many-routers.js
	scripts/lab.sh --native --timeout 600 -- node dist/bench/planned-stop.js
	scripts/lab.sh --native --timeout 600 -- node dist/bench/repair.js
	scripts/lab.sh --ipvs --timeout 1200 -- node dist/bench/planned-stop.js
	scripts/lab.sh --ipvs --timeout 1200 -- node dist/bench/detection.js
	scripts/lab.sh --ipvs --timeout 1200 -- node dist/bench/apply.js
	scripts/lab.sh --ipvs --timeout 900 -- node dist/bench/connections.js
	scripts/lab.sh --ipvs --timeout 900 -- node dist/bench/probes-peer.js
	node dist/bench/probes.js

install: dist/.built ## into $(DESTDIR)$(PREFIX)/lib/lvsd, with a link in bin and the systemd unit (PREFIX=/usr)
	@scripts/install.sh '$(DESTDIR)' '$(PREFIX)'

clean: ## remove what was built
	rm -rf dist .cache
