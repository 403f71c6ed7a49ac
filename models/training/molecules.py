"""The molecules of the organic data: our own list of SMILES of H, C, N and O, by what they teach.

Neutral and closed-shell, from 2 to 24 atoms. HELD_OUT is never trained on, neither alone nor in pairs: each of its
molecules combines functional groups that others show apart.
"""

from __future__ import annotations

SMALL = "[HH] C N O CC C=C C#C C=O C#N O=C=O NN OO N=N [C-]#[O+] N#N N=O O=C=C=O C=C=O"

HYDROCARBONS = (
    "CCC CCCC CC(C)C CCCCC CC(C)CC CC(C)(C)C CCCCCC C1CC1 C1CCC1 C1CCCC1 C1CCCCC1 C=CC C=C(C)C C/C=C/C C/C=C\\C C=CC=C "
    "C=C=C C#CC C#CCC CC#CC C=CC#C C1=CC1 C1=CCC1 C1=CCCC1 C1=CC=CC1 C1=CCCCC1 C1CC1C=C c1ccccc1 Cc1ccccc1 "
    "C=Cc1ccccc1 C#Cc1ccccc1 Cc1ccccc1C c1ccc2ccccc2c1 C1C2CC1C2 C1CC2CCC1C2"
)

ALCOHOLS_ETHERS = (
    "CO CCO CCCO CC(C)O CC(C)(C)O OCCO OCC(O)CO C=CCO C#CCO OC1CCCC1 COC CCOC CCOCC COCCO COCOC C1CO1 C1COC1 C1CCOC1 "
    "C1CCOCC1 C1COCCO1 C=COC Oc1ccccc1 COc1ccccc1 Oc1ccccc1O COO CC(O)C=C OCc1ccccc1"
)

CARBONYLS = (
    "CC=O CCC=O CC(C)=O CCC(C)=O C=CC=O CC(=O)C=C O=CC=O CC(=O)C=O O=C1CCC1 O=C1CCCC1 O=Cc1ccccc1 CC(=O)c1ccccc1 "
    "OC=O CC(=O)O CCC(=O)O OCC(=O)O C=CC(=O)O OC(=O)C(=O)O CC(O)C(=O)O OC(=O)c1ccccc1 COC=O COC(C)=O CCOC(C)=O "
    "COC(=O)OC O=C1CCCO1 CC(=O)OC(C)=O CC(=O)CC(C)=O O=C1C=CC(=O)C=C1 OCC=O OCC(O)C=O CC(O)=C"
)

AMINES_IMINES = (
    "CN CCN CNC CN(C)C CCNCC CC(C)N NCCN NCCO CN(C)CCO C=CCN C1CN1 C1CNC1 C1CCNC1 C1CCNCC1 C1CNCCN1 C1COCCN1 C1CC1N "
    "CNN CN(C)N NO CON CN=C CC=N CC(C)=N CC=NO CC(C)=NO C=NO CN=NC NC(=N)N NC=N Nc1ccccc1 CNc1ccccc1 NCc1ccccc1 "
    "Nc1ccccc1N Nc1ccccc1O"
)

AMIDES_NITRILES = (
    "NC=O CC(N)=O CNC=O CN(C)C=O CNC(C)=O CC(=O)N(C)C NC(N)=O CNC(=O)NC NCC(N)=O O=C1CCCN1 O=C1CCN1 COC(N)=O CC#N "
    "CCC#N C=CC#N N#CC#N N#CCC#N NCC#N OCC#N N#Cc1ccccc1 NC(=O)c1ccccc1 C[N+]#[C-] CN=C=O CN=[N+]=[N-] C[N+](=O)[O-] "
    "CC[N+](=O)[O-] O=[N+]([O-])c1ccccc1 CON=O C[N+](C)(C)[O-] NC#N O=C1CC(=O)N1 NCC(=O)O CC(N)C(=O)O NCCC(=O)O "
    "CNCC(=O)O NC(CO)C(=O)O NCC(=O)NCC=O CC(=O)NCC(=O)NC"
)

HETEROCYCLES = (
    "c1ccoc1 c1cc[nH]c1 c1ccncc1 c1c[nH]cn1 c1cn[nH]c1 c1cocn1 c1cnoc1 c1cncnc1 c1cnccn1 c1ccnnc1 c1ncncn1 c1nc[nH]n1 "
    "c1nnn[nH]1 c1nnco1 Cc1ccccn1 Cc1ccco1 Cn1cccc1 Cn1ccnc1 Cc1c[nH]cn1 Nc1ccccn1 Oc1ccccn1 O=c1cccc[nH]1 "
    "Nc1ccncn1 c1ccc2[nH]ccc2c1 c1ccc2occc2c1 c1ccc2[nH]cnc2c1 c1ccc2ncccc2c1 c1ncc2[nH]cnc2n1 O=c1cc[nH]c(=O)[nH]1 "
    "Cc1c[nH]c(=O)[nH]c1=O Nc1cc[nH]c(=O)n1 Nc1ncnc2[nH]cnc12 C1=COCC1 C1=NCCN1 C1=CNC=CC1 O=Cc1ccco1 c1ccnc(N)n1"
)

# Several groups in one molecule, rings with substituents, and more of what is rare above.
COMBINED = (
    "CC(C)CO CC(C)C(C)=O CCCC=O CC(=O)CO COC(C)C COCC(C)C CC(C)N(C)C CCN(CC)CC CC(C)CN CC(N)CO CC(O)CN CCCC#N CC(=O)C#N "
    "C=C(C)C=O C/C=C/C=O CC(C)=CC(C)=O C=CC=CC=C C/C=C/C(=O)O C=CC(=O)OC C=COC(C)=O C=C(C)C(=O)O CC#CCO "
    "CCN=C=O C=CN=C=O CC=C=O CC=NC CCC=NO CC1=CC1 CC1CC1 CC1=CCC1 C1=CC2CC2C1 CC1=CC=CC1 O=C1C=CCC1 "
    "CC(=O)N1CC1 O=C1CCCCN1 O=C1NCCO1 O=C1CCC(=O)N1 O=C1COCCN1 CN1CCNCC1 CN1CCOCC1 CC1CCCO1 CC1COC(=O)O1 OCC1CCCO1 "
    "CNC(=O)C=C CNC(=O)OC CN(C)C(=O)N CC(=O)NN CC(=O)NO CC(=O)ON CNC(=N)N CC(=N)N CN(C)C#N COCC#N CC(O)C#N CNC(C)=N "
    "CN(C)CC(=O)O COC(=O)CO CC(=O)C(=O)O O=CC(=O)O OC(=O)CC(=O)O CC(=O)OCC=C CCOC=O COCOC=O CCOO CC(=O)OO CCON=O CCNN "
    "Oc1ccncc1 Nc1ccncc1 N#Cc1ccncc1 O=Cc1ccncc1 COc1ccccn1 CC(=O)c1ccco1 CC(=O)c1ccc[nH]1 OC(=O)c1ccco1 Cc1ccno1 "
    "Cc1nnco1 Cc1ncccn1 Cc1ccnn1C Cn1cncn1 Nc1cc[nH]n1 O=C1C=CNC=C1 COc1ccc(O)cc1 Nc1ccc(C=O)cc1 COC(=O)c1ccccc1 "
    "CN(C)c1ccccc1 O=C(O)c1ccncc1 c1ccc(-c2ccccc2)cc1 c1ccc(-c2ccccn2)cc1 c1coc(-c2ccco2)c1"
)

HELD_OUT = (
    "CCCCO CC(C)C=O CCNC COCC=O CC(C)C(=O)O NCCCO CCC(N)=O CC(=O)Nc1ccccc1 Cc1ccc(O)cc1 COC(=O)CN Cc1cnc[nH]1 "
    "CC(C)C#N C=CC(N)=O c1ccc(-c2ccco2)cc1"
)

# Partners of pairs: small enough that many pairs are cheap, and every common donor and acceptor of hydrogen bonds.
PARTNERS = (
    "[HH] C N O CC C=C C#C C=O C#N O=C=O [C-]#[O+] N#N CO CCO COC CC=O CC(C)=O OC=O CC(=O)O CN CN(C)C NC=O CC(N)=O "
    "CNC=O CC#N C[N+](=O)[O-] c1ccccc1 c1ccoc1 c1cc[nH]c1 c1ccncc1 c1c[nH]cn1 OO NN C1CC1 CCC COC=O Oc1ccccc1"
)


def training_molecules() -> list[str]:
    """SMILES of the molecules to train on, each once, in a fixed order."""
    groups = (SMALL, HYDROCARBONS, ALCOHOLS_ETHERS, CARBONYLS, AMINES_IMINES, AMIDES_NITRILES, HETEROCYCLES, COMBINED)
    return list(dict.fromkeys(" ".join(groups).split()))


def held_out_molecules() -> list[str]:
    """SMILES of the molecules never trained on."""
    return HELD_OUT.split()


def partners() -> list[str]:
    """SMILES of the molecules that pairs and small clusters are made of."""
    return PARTNERS.split()
