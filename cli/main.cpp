#include <cstdio>
#include "base/error.h"
#include "codegen/driver/compile.h"
#include "runtime/host_model.h"
#include "runtime/extxyz.h"
#include <cstring>
#include <fmt/format.h>
#include <chrono>
#include <cmath>
#include <algorithm>
#include <fstream>
using namespace mlffgen;
int main(int argc, char** argv) try {
  std::string cmd = argv[1];
  if (cmd == "compile") {
    driver::Options o; o.spec = argv[2]; o.weights = argv[3]; o.double_precision = argv[5][0]=='d'; o.host_cpus = {"native"};
    if (argc > 6) o.radial = argv[6][0]=='s' ? passes::RadialForm::spline : argv[6][0]=='i' ? passes::RadialForm::inline_ : passes::RadialForm::automatic;
    if (argc > 7) o.gpu_archs = {argv[7]};
    auto c = driver::compile(o, {});
    runtime::Bundle::write(argv[4], c.sections);
    fmt::print("{}\n", c.report.dump(1));
  } else {
    auto b = runtime::Bundle::open(argv[2]); runtime::HostModel m(b); 
    std::ifstream in(argv[3]); int n; std::string line;
    while (std::getline(in, line)) { n = std::stoi(line); std::getline(in, line); runtime::Structure s; 
      auto num=[&](const char*k){ std::vector<double> v; auto p=line.find(k); if(p==std::string::npos) return v; const char*q=line.c_str()+p+strlen(k); if(*q=='"')q++; char*e; while(true){ double x=strtod(q,&e); if(e==q)break; v.push_back(x); q=e;} return v; };
      auto L=num("Lattice="); if(L.size()==9){ for(int k=0;k<9;k++) s.cell[size_t(k/3)][size_t(k%3)]=L[size_t(k)]; auto p=line.find("pbc=\"")+5; for(size_t k=0;k<3;k++) s.periodic[k]=line[p+2*k]=='T'; }
      double E=num(" energy=")[0]; auto V=num("virial=");
      std::vector<double> F; for(int i=0;i<n;i++){ std::string row; std::getline(in,row); char sym[4]; double x[6]; sscanf(row.c_str(),"%3s %lf %lf %lf %lf %lf %lf",sym,x,x+1,x+2,x+3,x+4,x+5); s.atomic_numbers.push_back(sym[0]=='H'?1:sym[0]=='C'?6:sym[0]=='N'?7:8); s.positions.push_back({x[0],x[1],x[2]}); for(int k=0;k<3;k++)F.push_back(x[3+k]); }
      runtime::EvaluateOptions eo; eo.threads = argc>4?atoi(argv[4]):0;
      std::vector<runtime::Result> r; m.evaluate({&s,1},eo,r);
      double fe=0,fm=0,se=0,sm=0,ve=0,vm=0; for(int i=0;i<n;i++)for(size_t k=0;k<3;k++){double f=F[size_t(i)*3+k],d=r[0].forces[size_t(i)][k]-f; fe=std::max(fe,std::abs(d)); fm=std::max(fm,std::abs(f)); se+=d*d; sm+=f*f;} for(size_t k=0;k<9;k++){ve=std::max(ve,std::abs(V[k]-r[0].virial[k]));vm=std::max(vm,std::abs(V[k]));}
      std::vector<double> t; for(int k=0;k<(argc>5?atoi(argv[5]):0);k++){auto a=std::chrono::steady_clock::now(); m.evaluate({&s,1},eo,r); t.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now()-a).count()*1e3);} std::sort(t.begin(),t.end());
      fmt::print("n={} relE {:.2e} maxF {:.2e} rmsF {:.2e} V {:.2e} time {:.3f}\n",n,std::abs(r[0].energy/E-1),fm>0?fe/fm:fe,sm>0?std::sqrt(se/sm):0,vm>0?ve/vm:ve,t.empty()?0:t[t.size()/2]);
    }
  }
  return 0;
} catch (const std::exception& e) { std::fprintf(stderr, "%s\n", e.what()); return 1; }
